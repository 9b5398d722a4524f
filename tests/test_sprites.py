"""Sprites: what is drawn has exactly the factors that it is said to have."""

import colorsys
import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from infogan import data
from infogan.core.errors import DataError
from infogan.data import sprites
from infogan.data.images import Images, Labels, Pixels
from infogan.data.sprites import SETS

GREY, COLOUR = SETS["sprites"], SETS["sprites-colour"]
NAMES = [*GREY.factors]


@pytest.fixture(autouse=True)
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFOGAN_CACHE", str(tmp_path_factory.getbasetemp() / "sprites"))
        patch.setattr(sprites, "DRAWN", 400)
        patch.setattr(sprites, "TEST", 100)
        patch.setattr(sprites, "AT_ONCE", 150)
        patch.setattr("infogan.data.splits.HELD_OUT", 100)
        yield


def drawn(**factors: int) -> Pixels:
    """[64, 64] a grey sprite with these factors, the others 0 and in the middle."""
    values = {"shape": 0, "scale": 5, "orientation": 0, "x": 16, "y": 16} | factors
    return GREY.render(np.array([[*values.values()]]), torch.Generator())[0, ..., 0]


def middle(image: Pixels) -> tuple[float, float]:
    """x from the left and y from the top of an image's centre of mass, in pixels."""
    at, total = np.arange(64) + 0.5, image.sum()
    return float(image.sum(0) @ at / total), float(image.sum(1) @ at / total)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (31, 0), (7, 31)])
@pytest.mark.parametrize("shape", [0, 1])
def test_a_sprite_lies_where_its_factors_say(shape: int, x: int, y: int) -> None:
    wanted = float(GREY.factors["x"][x]), float(GREY.factors["y"][y])
    assert middle(drawn(shape=shape, x=x, y=y)) == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize(("shape", "area"), [(0, 2.0), (1, 0.6 * math.pi), (2, 3.6595 / 1.25**2)])
def test_a_sprite_has_the_area_of_its_shape(shape: int, area: float) -> None:
    for scale, of in enumerate(GREY.factors["scale"]):
        for orientation in (0, 3, 17):
            found = drawn(shape=shape, scale=scale, orientation=orientation).sum() / 255
            assert found == pytest.approx(area * (16 * float(of)) ** 2, rel=0.02)


def test_orientation_turns_to_the_left() -> None:
    for shape in range(3):
        quarter = np.rot90(drawn(shape=shape)[8:57, 8:57])  # the middle of which is the sprite's
        assert (
            np.abs(drawn(shape=shape, orientation=10)[8:57, 8:57] - quarter.astype(int)).max() < 2
        )
    heart = drawn(shape=2)
    assert np.array_equal(heart[:, 8:57], heart[:, 56:7:-1])
    assert (heart[20] > 0).sum() > (heart[44] > 0).sum()  # lobes up, tip down


def test_every_image_of_the_grid_is_another_one_but_for_what_symmetry_hides() -> None:
    turns = {drawn(shape=2, orientation=i).tobytes() for i in range(40)}
    halves = {drawn(shape=1, orientation=i).tobytes() for i in range(40)}
    quarters = {drawn(shape=0, orientation=i).tobytes() for i in range(40)}
    assert (len(turns), len(halves), len(quarters)) == (40, 20, 10)


def factors_of(n: int, **fixed: int) -> Labels:
    """[n, F] random factors of coloured sprites, some of them the same in all."""
    found = COLOUR.sample_factors(n, torch.Generator().manual_seed(1))
    for name, value in fixed.items():
        found[:, [*COLOUR.factors].index(name)] = value
    return found


WORDS = "shape", "background"
TOWARDS = {"left": (0, -1), "top": (-1, 0), "right": (0, 1), "bottom": (1, 0)}  # y, x


def test_colours_are_those_of_the_factors() -> None:
    factors = factors_of(200, noise=0, x=16, y=16)
    images = COLOUR.render(factors, torch.Generator())
    for image, row in zip(images, factors, strict=True):
        own = {n: v[i] for (n, v), i in zip(COLOUR.factors.items(), row, strict=True)}
        numbers = {name: float(v) for name, v in own.items() if name not in WORDS}
        light, (middle, (dy, dx)) = numbers["brightness"], (32, TOWARDS[str(own["background"])])
        for steps in (-31, 31):  # along the ground's slope, 0.3 from side to side
            seen = image[middle + dy * steps, middle + dx * steps] / 255
            assert seen == pytest.approx(light * (0.2 + 0.3 * steps / 63), abs=0.01)
        hue, saturation, value = colorsys.rgb_to_hsv(*(image[32, 32] / 255))
        assert value == pytest.approx(light, abs=1 / 255)
        assert saturation == pytest.approx(numbers["saturation"], abs=0.01)
        assert 360 * hue == pytest.approx(numbers["hue"], abs=3)


def test_noise_is_grey_and_as_strong_as_its_factor_says() -> None:
    plain = factors_of(50, noise=0, background=3, brightness=9)
    noisy = plain + np.array([name == "noise" for name in COLOUR.factors])
    clean = COLOUR.render(plain, torch.Generator())[:, 56:].astype(float)
    off = COLOUR.render(noisy, torch.Generator().manual_seed(0))[:, 56:] - clean
    assert off.std() == pytest.approx(8, rel=0.03)
    assert np.abs(np.diff(off, axis=3)).max() == 0
    again = COLOUR.render(noisy, torch.Generator().manual_seed(0))[:, 56:] - clean
    other = COLOUR.render(noisy, torch.Generator().manual_seed(1))[:, 56:] - clean
    assert np.array_equal(off, again)
    assert not np.array_equal(off, other)


def test_factors_are_drawn_from_the_whole_grid_evenly() -> None:
    found = COLOUR.sample_factors(20_000, torch.Generator().manual_seed(0))
    for column, size in zip(found.T, COLOUR.sizes, strict=True):
        counts = np.bincount(column, minlength=size)
        assert len(counts) == size
        assert np.abs(counts - 20_000 / size).max() < 5 * math.sqrt(20_000 / size)


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_drawn_once_with_its_factors(name: str) -> None:
    parts = [data.load(name, split) for split in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [300, 100, 100]
    whole = np.concatenate([part.factors for part in parts])
    assert len(np.unique(whole, axis=0)) == 500  # none is held out that is trained on as well
    assert parts[0].factor_names == tuple(SETS[name].factors)
    assert parts[0].factor_values == tuple(SETS[name].factors.values())
    assert [parts[0].classes[i] for i in parts[0].labels] == [
        parts[0].factor_values[0][i] for i in parts[0].factors[:, 0]
    ]
    if name == "sprites":
        for part in parts:
            assert np.array_equal(part.pixels, GREY.render(part.factors, torch.Generator()))
    assert data.load(name, "validation").digest == parts[1].digest
    scaled = data.load(name, "validation", size=32)
    assert scaled.shape == (32, 32, parts[0].shape[2])


def test_values_of_factors_are_checked() -> None:
    pixels, factors = np.zeros((2, 16, 16, 1), np.uint8), np.array([[0, 1], [1, 0]])
    values = (("a", "b"), (0.5, 1.0))
    assert Images(pixels, factors=factors, factor_values=values).subset([1]).factor_values == values
    for wrong in (values[:1], (("a",), (0.5, 1.0))):
        with pytest.raises(DataError, match="factor_values lacks"):
            Images(pixels, factors=factors, factor_values=wrong)
