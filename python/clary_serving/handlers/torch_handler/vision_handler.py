"""Handlers of images: what classifier, segmenter and detector share."""

import base64
import importlib
import io

import torch

from .base_handler import BaseHandler, part_of


class VisionHandler(BaseHandler):
    """A derived class gives image_processing: a function, or a torchvision transform, from a PIL image to a tensor."""

    image_processing = None

    def initialize(self, context):
        try:
            importlib.import_module("PIL")
        except ImportError:
            raise ValueError("a handler of images needs Pillow, which the environment has not") from None
        super().initialize(context)

    def preprocess(self, data):
        """Each request is an image file (bytes, or base64 in a str) or nested lists of numbers.
        Returns: [requests, channels, height, width] on the device."""
        return torch.stack([self._tensor(part_of(row)) for row in data]).to(self.device)

    def _tensor(self, image):
        from PIL import Image

        if isinstance(image, str):
            image = base64.b64decode(image)
        if isinstance(image, (bytes, bytearray)):
            return type(self).image_processing(Image.open(io.BytesIO(image)))
        return torch.FloatTensor(image)

    def get_insights(self, tensor_data, _, target=0):
        """Integrated gradients of the pixels, by the environment's captum."""
        from captum.attr import IntegratedGradients

        return IntegratedGradients(self.model).attribute(tensor_data, target=target, n_steps=15).tolist()
