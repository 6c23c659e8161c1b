"""The networks that are served: LeNet, for images of CIFAR-10, and ResNet-18."""

import torch
from torch import nn


class LeNet(nn.Module):
    """[n, 3, 32, 32] float32 -> [n, 10] logits. Source: LeCun et al. 1998, with ReLU and three channels."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
                                      nn.MaxPool2d(2))
        self.classifier = nn.Sequential(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(images).flatten(1))


class Block(nn.Module):
    def __init__(self, before: int, after: int, stride: int):
        super().__init__()
        self.main = nn.Sequential(nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(),
                                  nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after))
        same = stride == 1 and before == after
        self.aside = nn.Identity() if same else nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False),
                                                              nn.BatchNorm2d(after))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.main(images) + self.aside(images))


class ResNet18(nn.Module):
    """[n, 3, 224, 224] float32 -> [n, 1000] logits. Source: He et al. 2016, table 1, 18 layers."""

    def __init__(self):
        super().__init__()
        layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
        before = 64
        for after, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
            layers += [Block(before, after, stride), Block(after, after, 1)]
            before = after
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(512, 1000)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(images).flatten(1))


NETWORKS = {"lenet": (LeNet, (1, 3, 32, 32)), "resnet18": (ResNet18, (1, 3, 224, 224))}
