"""What lies on the ground: its middle, how far it reaches, and close-ups of it."""

import pytest
import torch
from torch import Tensor

from infogan.core import moments
from infogan.core.moments import REACH, close_up, middle
from infogan.data.images import to_float
from infogan.data.sprites import SETS

SPRITES = SETS["sprites"]
SLICES = slice(30, 34), slice(22, 42)  # of a bar


def box(size: tuple[int, int], rows: slice, columns: slice) -> Tensor:
    """[1, 1, *size] a bright rectangle on black."""
    images = torch.full((1, 1, *size), -1.0)
    images[:, :, rows, columns] = 1.0
    return images


@pytest.mark.parametrize("size", [(40, 40), (40, 60)])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_middle_is_that_of_what_lies_on_the_ground(size: tuple[int, int], sign: int) -> None:
    """Bright on dark or dark on bright; grey ground beside it, in one channel of three."""
    images = sign * box(size, slice(4, 12), slice(20, 26)).expand(-1, 3, -1, -1).clone()
    images[:, 1] = 0.3
    across, down = 23 / size[1] * 2 - 1, 8 / size[0] * 2 - 1
    assert middle(images)[0].tolist() == pytest.approx([across, down], abs=1e-5)


def test_of_an_image_with_nothing_in_it_everything_is_finite() -> None:
    images = torch.full((2, 1, 32, 32), 0.5)
    assert middle(images).tolist() == [[0, 0], [0, 0]]
    assert torch.allclose(close_up(images, 16), torch.full((2, 1, 16, 16), 0.5))


def test_a_close_up_shows_the_same_wherever_the_thing_lies_and_however_large_it_is() -> None:
    """Sprites of one shape and turn, and others: the nearest close-up is that of the same."""
    shapes, turns = torch.tensor([0, 1, 2]), torch.tensor([0, 5])
    grid = torch.cartesian_prod(shapes, torch.tensor([1, 5]), turns, torch.tensor([3, 25]))
    factors = torch.cat([grid, grid[:, 3:]], 1)  # [24, 5]: x and y alike
    pixels = SPRITES.render(factors.numpy(), torch.Generator().manual_seed(0))
    images = to_float(pixels)
    near = close_up(images, 32)
    apart = (near[:, None] - near[None]).square().mean((2, 3, 4))
    same = (grid[:, None, [0, 2]] == grid[None][:, :, [0, 2]]).all(2)
    assert float(apart[same].max()) < 0.6 * float(apart[~same].min())
    mass = (near + 1)[:, 0]
    at = (torch.arange(32) + 0.5) / 16 - 1
    reach = ((mass * (at**2 + at[:, None] ** 2)).sum((1, 2)) / mass.sum((1, 2))).sqrt()
    assert torch.allclose(reach, torch.full_like(reach, REACH), atol=0.03)


@pytest.mark.parametrize("noise", [1, 4])
def test_grain_and_slow_light_are_ground(noise: int) -> None:
    """Grey levels of grain, and a gradient of light: a small thing is found where it lies."""
    images = 0.7 * box((64, 64), slice(8, 18), slice(30, 40)) - 0.1
    grain = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    seen = images + noise / 127.5 * grain
    across, down = middle(seen)[0].tolist()
    assert (across, down) == pytest.approx((35 / 32 - 1, 13 / 32 - 1), abs=0.03)
    light = torch.linspace(-0.1, 0.1, 64)
    across, down = middle(images + light)[0].tolist()
    assert (across, down) == pytest.approx((35 / 32 - 1, 13 / 32 - 1), abs=0.03)


@pytest.mark.parametrize("size", [(64, 64), (32, 49)])
@pytest.mark.parametrize("from_top", [False, True])
def test_light_that_grows_is_ground(size: tuple[int, int], from_top: bool) -> None:
    """In grey levels, and as strongly as a lamp beside a table makes it: an image with nothing in
    it is level, and a thing that touches a border almost all along is found where it lies."""
    dark, bright = torch.linspace(-0.9, 0.1, size[1]), torch.linspace(-0.4, 0.4, size[0])
    light = dark + (bright[:, None] if from_top else 0)
    images = (light.expand(1, 1, *size) * 127.5).round() / 127.5
    assert middle(images)[0].tolist() == pytest.approx([0, 0], abs=1e-6)
    images[:, :, :6, 4:-4] += 0.8
    assert middle(images)[0].tolist() == pytest.approx([0, 6 / size[0] - 1], abs=0.03)


@pytest.mark.parametrize("grain", [0, 4])
@pytest.mark.parametrize("rows", [slice(40, 64), slice(44, 60)])
def test_a_thing_that_reaches_from_border_to_border_is_no_light(rows: slice, grain: int) -> None:
    images = box((64, 64), rows, slice(0, 64)) * 0.5
    images += grain / 127.5 * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    down = (rows.start + rows.stop) / 64 - 1
    assert middle(images)[0].tolist() == pytest.approx([0, down], abs=0.03)


def test_in_an_oblong_image_a_thing_is_as_large_level_as_upright() -> None:
    level, upright = (box((64, 128), *at) for at in (SLICES, SLICES[::-1]))
    shown = [float((close_up(x, 32) + 1).sum()) for x in (level, upright)]
    assert shown[0] == pytest.approx(shown[1], rel=0.02)
    assert close_up(level, 32)[0, 0, :, 16].sum() == pytest.approx(
        float(close_up(upright, 32)[0, 0, 16].sum()), rel=0.02
    )


def test_gradients_of_a_close_up_reach_its_pixels_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """G cannot please Q by moving the frame, on which pixels of any ground have an influence."""
    grain = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    images = (0.8 * box((32, 32), slice(4, 12), slice(20, 26)) + 0.1 * grain).requires_grad_()

    def slopes() -> Tensor:
        shown = close_up(images, 16)
        weights = torch.linspace(0, 1, shown.numel()).reshape(shown.shape)
        return torch.autograd.grad((weights * shown).sum(), images)[0]

    free = slopes()
    centre, reach = (part.detach() for part in moments._moments(images))
    monkeypatch.setattr(moments, "_moments", lambda images: (centre, reach))
    assert torch.equal(free, slopes())
    assert not middle(images).requires_grad
