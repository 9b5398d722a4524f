"""The paper's presets: networks as its tables have them, on tiny files of the published form."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image
from torch import nn

from infogan.config.presets import preset
from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError
from infogan.data import load
from infogan.data.images import Images
from infogan.model.model import Model
from infogan.pipeline.run import fit, revealed

SMALL = {"channels": [4, 4], "g_channels": [], "features": 8, "level": 0}


def photos(folder: Path, side: tuple[int, int], names: list[str]) -> None:
    """Write colour images of noise below a folder."""
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(i).integers(0, 256, (*side, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / name)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a few images of each set, as it is published."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INFOGAN_CACHE", str(tmp_path / "cache"))
    x = np.random.default_rng(0).integers(0, 256, (32, 32, 3, 40)).astype(np.uint8)
    y = (np.arange(40) % 10 + 1).astype(np.uint8)[:, None]
    scipy.io.savemat(tmp_path / "train_32x32.mat", {"X": x, "y": y})
    celeba = [f"{i:06}.jpg" for i in range(1, 31)]
    photos(tmp_path / "img_align_celeba", (218, 178), celeba)
    photos(tmp_path / "faces", (40, 40), [f"{i}.png" for i in range(20)])
    turns = [f"chair{k}/renders/image_{i:03}_p020_t{i:03}.png" for k in (0, 1) for i in range(12)]
    photos(tmp_path / "rendered_chairs", (80, 80), turns)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "shape", "width", "features"),
    [
        ("svhn", (32, 32, 3), 168, 4096),
        ("celeba", (32, 32, 3), 228, 4096),
        ("faces", (32, 32, 1), 133, 1024),
        ("chairs", (64, 64, 1), 189, 1024),
    ],
)
def test_a_preset_reads_its_set_and_has_its_tables_sizes(
    here: Path, name: str, shape: tuple[int, int, int], width: int, features: int
) -> None:
    config = preset(name)
    images = load(config.data)
    assert images.shape == shape
    assert config.latent.width == width
    with torch.device("meta"):
        model = Model(config, images.shape, images.classes)
        made = model.g(torch.empty(2, width))
        verdict = model.d(made)
    assert made.shape == (2, shape[2], *shape[:2])
    assert verdict.features.shape == (2, features)
    read = {name: code.n_params for name, code in config.latent.codes.items()}
    assert verdict.heads["code"].shape == (2, sum(read.values()))
    small = config.replace(networks=SMALL, steps=1, batch=4)
    assert fit(small, here / "run", fresh=True).g is not None


def layers(network: object) -> list[tuple[int, ...]]:
    """The shapes of the weights of convolutions and fully connected layers, in order."""
    assert isinstance(network, nn.Module)
    kinds = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
    return [tuple(m.weight.shape) for m in network.modules() if isinstance(m, kinds)]


def made_of(config: RunConfig, shape: tuple[int, int, int]) -> Model:
    with torch.device("meta"):
        return Model(config, shape, ())


def test_svhn_has_the_layers_of_table_2() -> None:
    model = made_of(preset("svhn"), (32, 32, 3))
    g = [(2 * 2 * 448, 168), (448, 256, 4, 4), (256, 128, 4, 4), (128, 64, 4, 4), (64, 3, 4, 4)]
    assert layers(model.g) == g
    assert layers(model.d.convolutions) == [(64, 3, 4, 4), (128, 64, 4, 4), (256, 128, 4, 4)]
    assert layers(model.d.heads["code"]) == [(128, 4096), (4 * 10 + 4 * 2, 128)]


def test_chairs_have_the_layers_of_table_6() -> None:
    model = made_of(preset("chairs"), (64, 64, 1))
    trunk = [(64, 1, 4, 4), (128, 64, 4, 4), (256, 128, 4, 4), *[(256, 256, 4, 4)] * 2]
    assert layers(model.d.convolutions) == trunk
    assert layers(model.d.dense) == [(1024, 8 * 8 * 256)]
    assert layers(model.d.heads["code"]) == [(3 * 20 + 2, 1024)]
    up = [*[(256, 256, 4, 4)] * 2, (256, 128, 4, 4), (128, 64, 4, 4), (64, 1, 4, 4)]
    assert layers(model.g) == [(1024, 189), (8 * 8 * 256, 1024), *up]


def test_codes_cannot_follow_colours_of_grey_images(images: Images) -> None:
    config = preset("sprites-colour")
    with pytest.raises(ConfigError, match=r"latent\.hue\.follows hue: the images are grey"):
        revealed(images, config)
    free = config.replace(latent={"hue": "none", "saturation": "none"})
    assert revealed(images, free) is images
