"""`image_classifier`: the likeliest classes of each image, with their probabilities."""

import torch

from ..labels import map_class_to_label
from .images import photograph
from .vision_handler import VisionHandler


class ImageClassifier(VisionHandler):
    topk = 5
    image_processing = photograph(resize=256, crop=224)

    def set_max_result_classes(self, topk):
        self.topk = topk

    def get_max_result_classes(self):
        return self.topk

    def postprocess(self, data):
        """data: logits [requests, classes]. Returns: per request {label: probability}, the likeliest first; topk of them, or
        all where there are fewer."""
        probabilities = torch.nn.functional.softmax(data, dim=1)
        best, classes = torch.topk(probabilities, min(self.topk, data.shape[1]), dim=1)
        return map_class_to_label(best.tolist(), self.mapping, classes.tolist())
