"""The usual preparation of photographs, on PIL and torch alone; equal to torchvision's transforms of the same names."""

import torch


def photograph(resize=None, crop=None, normalise=True):
    """A function from a PIL image to a float tensor [3, height, width].
    resize: the shorter side becomes so many pixels; crop: the central square of that side; normalise: ImageNet's mean and
    deviation, else values in [0, 1]."""
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)

    def prepare(image):
        image = image.convert("RGB")
        if resize:
            image = _shorter_side(image, resize)
        if crop:
            image = _centre(image, crop)
        tensor = _pixels(image)
        return (tensor - mean) / deviation if normalise else tensor

    return prepare


def _shorter_side(image, pixels):
    from PIL import Image

    width, height = image.size
    if width <= height:
        return image.resize((pixels, int(pixels * height / width)), Image.BILINEAR)
    return image.resize((int(pixels * width / height), pixels), Image.BILINEAR)


def _centre(image, side):
    left, top = round((image.width - side) / 2), round((image.height - side) / 2)
    return image.crop((left, top, left + side, top + side))


def _pixels(image):
    flat = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return flat.view(image.height, image.width, 3).permute(2, 0, 1).contiguous().float().div(255)
