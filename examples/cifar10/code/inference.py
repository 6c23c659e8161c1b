"""Serves what train.py has trained: SageMaker's functions for an endpoint.

Takes one image (`image/jpeg`, `image/png`); answers JSON: {"label": "cat", "probability": 0.93}.
"""

import io
import json
import pathlib

import numpy as np
import torch
from PIL import Image
from train import make_network

SIDE = 32  # pixels of a CIFAR-10 image


def model_fn(model_dir: str) -> dict:
    saved = torch.load(pathlib.Path(model_dir) / "model.pth", map_location="cpu", weights_only=True)
    network = make_network(len(saved["classes"]))
    network.load_state_dict(saved["weights"])
    return {"network": network.eval(), **saved}


def input_fn(body: bytes, content_type: str) -> torch.Tensor:
    """uint8 [1, 3, 32, 32]."""
    if not (content_type or "").startswith("image/"):
        raise ValueError(f"send an image (image/jpeg, image/png), not {content_type}")
    image = Image.open(io.BytesIO(body)).convert("RGB").resize((SIDE, SIDE))
    return torch.from_numpy(np.array(image).transpose(2, 0, 1)[None])


def predict_fn(images: torch.Tensor, model: dict) -> dict:
    with torch.inference_mode():
        scores = model["network"]((images.float() / 255 - model["mean"]) / model["spread"])
    probability, index = scores.softmax(1)[0].max(0)
    return {"label": model["classes"][int(index)], "probability": round(float(probability), 4)}


def output_fn(prediction: dict, accept: str) -> tuple[str, str]:
    return json.dumps(prediction), "application/json"
