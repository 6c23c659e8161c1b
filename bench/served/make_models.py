"""Makes what is served, once: python make_models.py FOLDER. Weights by a seed; what they are does not matter for speed.

FOLDER/NAME/: name, weights.pth (handlers), model.pt (TorchScript), model.pt2 (AOTInductor, batch of 1), body.npy, body.json.
"""

import json
import pathlib
import sys

import networks
import numpy
import torch


def make(folder: pathlib.Path, name: str) -> None:
    folder.mkdir(parents=True)
    kind, shape = networks.NETWORKS[name]
    torch.manual_seed(7)
    network, images = kind().eval(), torch.rand(shape)
    (folder / "name").write_text(name)
    torch.save(network.state_dict(), folder / "weights.pth")
    numpy.save(folder / "body.npy", images.numpy())
    (folder / "body.json").write_text(json.dumps(images.tolist()))
    with torch.inference_mode():
        torch.jit.trace(network, images).save(folder / "model.pt")
    if name == "lenet":
        exported = torch.export.export(network, (images,))
        torch._inductor.aoti_compile_and_package(exported, package_path=str(folder / "model.pt2"))


if __name__ == "__main__":
    for each in networks.NETWORKS:
        make(pathlib.Path(sys.argv[1]) / each, each)
