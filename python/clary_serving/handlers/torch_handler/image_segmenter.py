"""`image_segmenter`: the likeliest class of each pixel."""

import torch

from .images import photograph
from .vision_handler import VisionHandler


class ImageSegmenter(VisionHandler):
    image_processing = photograph(resize=256, crop=224)

    def postprocess(self, data):
        """data: {"out": logits [requests, classes, height, width]}. Returns: lists [requests, height, width, 2] of class and
        probability."""
        best, classes = torch.nn.functional.softmax(data["out"], dim=1).max(dim=1)
        return torch.stack([classes.to(best.dtype), best], dim=3).tolist()
