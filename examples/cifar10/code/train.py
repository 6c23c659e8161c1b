"""Trains a small convolutional network on CIFAR-10: an ordinary SageMaker script-mode entry point.

Channels: `train` and `test`, each with tar files of JPEGs named <class>/<anything>.jpg.
Prints one line of metrics per epoch; leaves model.pth (weights, class names, the mean and spread of
the training images) in the model folder, for inference.py.
"""

import argparse
import io
import os
import pathlib
import tarfile
import time

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional


def read_images(folder: str, limit: int) -> tuple[torch.Tensor, list[str]]:
    """Every JPEG of the folder's tar files, uint8 [n, 3, 32, 32], and its class name; the first `limit` if not 0."""
    pixels, labels = [], []
    for path in sorted(pathlib.Path(folder).glob("*.tar")):
        with tarfile.open(path) as archive:
            for member in archive:
                if limit and len(labels) == limit:
                    break
                if not member.isfile():
                    continue
                image = Image.open(io.BytesIO(archive.extractfile(member).read())).convert("RGB")
                pixels.append(np.asarray(image).transpose(2, 0, 1))
                labels.append(member.name.split("/")[-2])
    if not labels:
        raise SystemExit(f"no images in the tar files of {folder}")
    return torch.from_numpy(np.stack(pixels)), labels


def convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.MaxPool2d(2),  # first: what follows has a quarter of the work
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def make_network(classes: int) -> nn.Module:
    return nn.Sequential(
        convolution(3, 32),
        convolution(32, 64),
        convolution(64, 128),
        nn.Flatten(),
        nn.Dropout(0.25),
        nn.Linear(128 * 4 * 4, classes),
    )


def accuracy(network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> tuple[float, float]:
    """Mean loss and share of right answers."""
    network.eval()
    with torch.inference_mode():
        scores = torch.cat([network(part) for part in images.split(500)])
    loss = functional.cross_entropy(scores, labels).item()
    return loss, (scores.argmax(1) == labels).float().mean().item()


def train_epoch(network, optimizer, schedule, images, labels, batch_size: int) -> float:
    """One pass in random order, half of the images mirrored; the mean loss."""
    network.train()
    total = 0.0
    order = torch.randperm(len(labels))
    for chosen in order.split(batch_size):
        batch = images[chosen]
        mirrored = torch.rand(len(chosen)) < 0.5
        batch[mirrored] = batch[mirrored].flip(3)
        loss = functional.cross_entropy(network(batch), labels[chosen], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.item() * len(chosen)
    return total / len(labels)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=0.01, help="the peak of the one-cycle schedule")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=0, help="use only so many images of each channel")
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--test", default=os.environ.get("SM_CHANNEL_TEST"))
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    torch.manual_seed(arguments.seed)
    torch.use_deterministic_algorithms(True)

    train_pixels, train_names = read_images(arguments.train, arguments.limit)
    test_pixels, test_names = read_images(arguments.test, arguments.limit)
    classes = sorted(set(train_names))
    number = {name: index for index, name in enumerate(classes)}
    train_labels = torch.tensor([number[name] for name in train_names])
    test_labels = torch.tensor([number[name] for name in test_names])
    mean = train_pixels.float().mean((0, 2, 3), keepdim=True) / 255
    spread = (train_pixels.float() / 255).std((0, 2, 3), keepdim=True)
    train_images = (train_pixels.float() / 255 - mean) / spread
    test_images = (test_pixels.float() / 255 - mean) / spread
    print(f"{len(train_labels)} training and {len(test_labels)} test images, {len(classes)} classes, "
          f"{torch.get_num_threads()} threads", flush=True)

    network = make_network(len(classes)).to(memory_format=torch.channels_last)
    train_images = train_images.contiguous(memory_format=torch.channels_last)
    test_images = test_images.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=arguments.lr, weight_decay=0.02)
    steps = -(-len(train_labels) // arguments.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, arguments.lr, epochs=arguments.epochs, steps_per_epoch=steps)
    for epoch in range(1, arguments.epochs + 1):
        began = time.monotonic()
        train_loss = train_epoch(network, optimizer, schedule, train_images, train_labels, arguments.batch_size)
        test_loss, test_accuracy = accuracy(network, test_images, test_labels)
        print(f"epoch={epoch} train_loss={train_loss:.4f} test_loss={test_loss:.4f} "
              f"test_accuracy={test_accuracy:.4f} seconds={time.monotonic() - began:.1f}", flush=True)

    pathlib.Path(arguments.model_dir).mkdir(parents=True, exist_ok=True)
    torch.save({"classes": classes, "weights": network.state_dict(), "mean": mean, "spread": spread},
               pathlib.Path(arguments.model_dir) / "model.pth")


if __name__ == "__main__":
    main()
