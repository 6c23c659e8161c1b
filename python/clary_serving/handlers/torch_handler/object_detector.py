"""`object_detector`: boxes around what was found in each image."""

from ..labels import map_class_to_label
from .images import photograph
from .vision_handler import VisionHandler


class ObjectDetector(VisionHandler):
    image_processing = photograph(normalise=False)
    threshold = 0.5

    def postprocess(self, data):
        """data: per request {"boxes": [n, 4], "labels": [n], "scores": [n]}, TorchScript's pair of losses and these too.
        Returns: per request a list of {label: [x1, y1, x2, y2], "score": score} of those above the threshold."""
        if isinstance(data, tuple):
            data = data[1]
        return [self._found(one) for one in data]

    def _found(self, one):
        keep = one["scores"] > self.threshold
        boxes, classes = one["boxes"][keep].tolist(), one["labels"][keep].tolist()
        named = map_class_to_label([[box] for box in boxes], self.mapping, [[one] for one in classes])
        return [dict(box, score=score) for box, score in zip(named, one["scores"][keep].tolist())]
