"""Networks in whose features generated images are compared with real ones.

None of them learned from the model that it judges. Two classifiers come with the package, for
MNIST's digits and for Fashion-MNIST (scripts/judges.py trains them); for other images there is the
published network of the extra `photos`, where it is installed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load
from torch import Tensor, nn

from infogan.core import interrupts
from infogan.data.images import Pixels, to_float
from infogan.networks import pretrained

JUDGES = {"digits": "mnist", "mnist": "mnist", "fashion-mnist": "fashion-mnist"}  # by source
PHOTOS = "efficientnet-lite0"
PART = 100  # images that go through at once


@dataclass(frozen=True)
class Extractor:
    """Features [N, F] of uint8 images [N, H, W, C], and what to call them."""

    name: str
    of: Callable[[Tensor], Tensor]  # [n, C, H, W] in [-1, 1] -> [n, F]

    def __call__(self, pixels: Pixels) -> NDArray[np.float64]:
        parts = []
        with torch.inference_mode():
            for i in range(0, len(pixels), PART):
                interrupts.poll()
                parts.append(self.of(to_float(pixels[i : i + PART])).double().numpy())
        return np.concatenate(parts)


class Classifier(nn.Module):
    """A small network for ten classes of 28x28 grey images; the 128 units before its last layer
    are the features."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *(nn.Conv2d(1, 32, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(7 * 7 * 64, 128), nn.ReLU()),
        )
        self.last = nn.Sequential(nn.Dropout(0.3), nn.Linear(128, 10))

    def forward(self, images: Tensor) -> Tensor:
        """[N, 10] logits."""
        logits: Tensor = self.last(self.trunk(images))
        return logits


def extractor(source: str, shape: tuple[int, int, int]) -> Extractor | None:
    """The features for images of a source; None where there are none to be had."""
    if source in JUDGES and shape == (28, 28, 1):
        return Extractor(f"classifier-{JUDGES[source]}", judge(JUDGES[source]).trunk)
    return Extractor(PHOTOS, _published) if find_spec(pretrained.PACKAGE) else None


@lru_cache
def judge(name: str) -> Classifier:
    """A classifier that comes with the package."""
    stored = files("infogan.analysis") / "judges" / f"{name}.safetensors"
    network = Classifier().eval()
    network.load_state_dict({k: t.float() for k, t in load(stored.read_bytes()).items()})
    return network


@lru_cache
def _lite0() -> pretrained.Lite0:
    return pretrained.Lite0().eval()


def _published(images: Tensor) -> Tensor:
    """[N, 320] means of the published network's last maps."""
    return _lite0().means(images, -1)
