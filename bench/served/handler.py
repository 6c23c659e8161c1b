"""What every server runs for a request: an NPY array in, JSON out. Their adapters beside this file call nothing else.

A model's folder holds `name` (a key of NETWORKS) and `weights.pth`.
"""

import io
import json
import pathlib

import networks
import numpy
import torch

torch.set_num_threads(1)  # each of two workers has a core


def load(folder: str) -> torch.nn.Module:
    place = pathlib.Path(folder)
    network = networks.NETWORKS[(place / "name").read_text()][0]()
    network.load_state_dict(torch.load(place / "weights.pth", weights_only=True))
    return network.eval()


def decode(body: bytes) -> torch.Tensor:
    return torch.from_numpy(numpy.load(io.BytesIO(body)))


def predict(images: torch.Tensor, model: torch.nn.Module) -> torch.Tensor:
    with torch.inference_mode():
        return model(images)


def encode(logits: torch.Tensor) -> str:
    return json.dumps(logits.tolist())


def answer(body: bytes, model: torch.nn.Module) -> str:
    return encode(predict(decode(body), model))


def answer_all(bodies: list[bytes], model: torch.nn.Module) -> list[str]:
    """Of several requests in one run."""
    inputs = [decode(body) for body in bodies]
    if len(inputs) == 1:
        return [encode(predict(inputs[0], model))]
    logits = predict(torch.cat(inputs), model).split([len(images) for images in inputs])
    return [encode(each) for each in logits]
