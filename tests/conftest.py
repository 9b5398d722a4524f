"""What several test modules use: tiny settings, and a run trained once."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from infogan.config import RunConfig
from infogan.data.images import Images
from infogan.training import loop

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))  # 1 on a machine that others use as well

TINY = RunConfig().replace(
    latent={"category": "none", "digit": "categorical:4", "slant": "uniform:-1:1", "noise": 8},
    networks={"channels": [8, 16], "features": 32, "q_hidden": 16},
    objective={"kind": "infogan", "real_weight": 1.0},
    augment="affine",
    optim={"ema": 0.9},
    batch=16,
    steps=6,
    log_every=2,
    checkpoint_every=3,
    precision="fp32",
)


def strokes(n: int = 64, seed: int = 0) -> Images:
    """n grey 16x16 images of a bright bar in one of four places, with its place as the label."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, n)
    pixels = rng.integers(0, 60, (n, 16, 16, 1)).astype(np.uint8)
    for image, label in zip(pixels, labels, strict=True):
        image[4 * label : 4 * label + 3] = 220
    return Images(pixels, labels, tuple("abcd"), "strokes")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFOGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def tiny() -> RunConfig:
    return TINY


@pytest.fixture(scope="session")
def images() -> Images:
    return strokes()


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, images: Images) -> Path:
    """The folder of a finished tiny run."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    loop.train(TINY, folder, images=images)
    return folder
