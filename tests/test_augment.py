"""Augmented views: what they do to known pixels, and what is measured on images afterwards."""

import colorsys
import math

import numpy as np
import pytest
import torch
from harness import strokes
from pydantic import ValidationError
from torch import Tensor, nn

from infogan.analysis.metrics import morphology
from infogan.config import presets
from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError
from infogan.core.moments import middle
from infogan.core.random import stream
from infogan.data.augment import Affine, Photo, blurred, moves_of, sampled
from infogan.data.images import LUMA, to_float, to_pixels
from infogan.training.trainer import Trainer

NOTHING = dict.fromkeys(
    ("strength", "shift", "brightness", "contrast", "saturation", "grey", "tint", "shade", "blur"),
    0,
) | {"area": 1, "mirror": False}


def only(**fields: float) -> Photo:
    """An augmentation that makes these changes and no others."""
    return Photo.model_validate(NOTHING | fields)


def noise(n: int, channels: int = 3) -> Tensor:
    """n oblong images of noise, away from black and white."""
    return torch.rand(n, channels, 20, 28, generator=stream(0, "noise")) * 0.8 - 0.4


def grey_of(images: Tensor) -> Tensor:
    """[N, H, W] in [0, 1]"""
    return ((images + 1) / 2 * torch.tensor(LUMA)[:, None, None]).sum(1)


@pytest.mark.parametrize("channels", [1, 3])
def test_without_any_change_views_equal_their_images(channels: int) -> None:
    images = noise(64, channels)
    assert torch.allclose(only()(images, stream(0, "x")).images, images, atol=1e-5)


def test_an_annealed_crop_grows_to_the_whole_image() -> None:
    crop = Photo(area=0.4, anneal=1)
    assert [crop.annealed(left).area for left in (1, 0.5, 0)] == pytest.approx([0.4, 0.7, 1])
    assert Photo(area=0.3).annealed(1).area == 0.3  # bit for bit
    less = crop.annealed(0).model_copy(update={"area": 0.4, "strength": crop.strength})
    assert less == crop


def test_a_crop_is_a_part_of_its_share_of_the_area_within_the_image() -> None:
    """Ramps from -1 to 1 along each side show where a crop lies and how large it is."""
    ramps = torch.stack(
        torch.meshgrid(torch.linspace(-1, 1, 100), torch.linspace(-1, 1, 200), indexing="ij")
    )
    images = torch.cat([ramps, torch.zeros(1, 100, 200)])[None].repeat(500, 1, 1, 1)
    out = only(area=0.3)(images, stream(0, "x")).images[:, :2]
    size = out.amax((2, 3)) - out.amin((2, 3))  # [N, 2] of 2, height and width
    share = size.prod(1) / 4
    assert float(share.min()) == pytest.approx(0.3, abs=0.02)
    assert float(share.max()) == pytest.approx(1, abs=0.02)
    assert float(share.mean()) == pytest.approx(0.65, abs=0.03)
    proportions = size[:, 1] / size[:, 0]
    assert 0.74 < float(proportions.min()) < 0.8 < 1.25 < float(proportions.max()) < 1.35
    centre = (out.amax((2, 3)) + out.amin((2, 3))) / 2
    assert float((centre.abs() + size / 2).max()) < 1.01  # never over the border
    reach = 1 - size / 2
    anywhere = 3**-0.5  # standard deviation of U(-1, 1)
    assert (centre / reach)[reach > 0.2].std() == pytest.approx(anywhere, abs=0.03)


def test_half_of_the_images_are_mirrored() -> None:
    images = noise(200)
    out = only(mirror=True)(images, stream(0, "x")).images
    kept, flipped = (
        torch.isclose(out, other, atol=1e-4).all(3).all(2).all(1)
        for other in (images, images.flip(3))
    )
    assert bool((kept ^ flipped).all())
    assert 70 < int(flipped.sum()) < 130


def test_brightness_is_a_factor_from_black() -> None:
    images = noise(300)
    factor = (only(brightness=0.2)(images, stream(0, "x")).images + 1) / (images + 1)
    each = factor.mean((1, 2, 3))
    assert torch.allclose(factor, each[:, None, None, None].expand_as(factor), atol=1e-4)
    assert 0.8 <= float(each.min()) < 0.82 < 1.18 < float(each.max()) <= 1.2001


def test_contrast_keeps_the_mean_grey_and_saturation_each_pixels() -> None:
    images = noise(300)
    contrast = only(contrast=0.4)(images, stream(0, "x")).images
    assert torch.allclose(grey_of(contrast).mean((1, 2)), grey_of(images).mean((1, 2)), atol=1e-5)
    change = grey_of(contrast).std((1, 2)) / grey_of(images).std((1, 2))
    assert 0.6 <= float(change.min()) < 0.63 < 1.37 < float(change.max()) <= 1.401
    saturation = only(saturation=0.4)(images, stream(0, "x")).images
    assert torch.allclose(grey_of(saturation), grey_of(images), atol=1e-5)
    colour = (saturation[:, 0] - saturation[:, 1]) / (images[:, 0] - images[:, 1])
    colour = colour.flatten(1).median(1).values
    assert 0.6 <= float(colour.min()) < 0.63 < 1.37 < float(colour.max()) <= 1.401


def test_some_images_turn_grey_altogether() -> None:
    images = noise(1000)
    out = only(grey=0.2)(images, stream(0, "x")).images
    turned = (out.amax(1) - out.amin(1)).amax((1, 2)) < 1e-5
    assert 0.16 < float(turned.float().mean()) < 0.24
    assert torch.allclose(out[~turned], images[~turned], atol=1e-5)
    assert torch.allclose(grey_of(out), grey_of(images), atol=1e-5)


def test_a_patch_covers_at_most_its_share_anywhere_and_is_black_or_white() -> None:
    images = noise(2000, 1)
    changed = Affine(strength=0, shift=0, patch=0.2)(images, stream(0, "x")).images
    covered = (changed.abs() == 1)[:, 0]  # noise is never black or white
    assert torch.allclose(changed[:, 0][~covered], images[:, 0][~covered], atol=1e-5)
    share = covered.float().mean((1, 2))
    assert 0.19 < float(share.max()) < 0.23
    assert float(share.mean()) == pytest.approx(0.1, abs=0.01)
    rows, columns = covered.any(2).sum(1), covered.any(1).sum(1)
    assert torch.equal(rows * columns, covered.sum((1, 2)))  # a rectangle
    assert (
        float((rows / columns.clamp(min=1)).max()) > 2
        and float((columns / rows.clamp(min=1)).max()) > 2
    )
    whites = (changed == 1).flatten(1).any(1).sum() / covered.flatten(1).any(1).sum()
    assert float(whites) == pytest.approx(0.5, abs=0.05)
    hits = covered.float().mean(0)
    assert torch.allclose(hits, hits.flip(0, 1), atol=0.03)  # no side is spared
    assert float(hits[0].mean()) > 0.01 and float(hits[:, 0].mean()) > 0.01


def test_affine_changes_the_light_as_crop_and_colour_does() -> None:
    images, light = noise(50), {"brightness": 0.5, "contrast": 0.4, "saturation": 0.3, "grey": 0.2}
    draws = stream(0, "x")
    torch.rand(50, 6, generator=draws)  # of turning, shearing, scaling and shifting by nothing
    expected = only(**light)._relit(images, torch.rand(50, 4, generator=draws))
    found = Affine.model_validate({"strength": 0, "shift": 0} | light)(
        images, stream(0, "x")
    ).images
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_comes_out_are_images_again_and_the_generators(channels: int) -> None:
    images = torch.rand(64, channels, 20, 28, generator=stream(0, "noise")) * 2 - 1
    images[:8], images[8:16] = -1, 1
    wild = Photo(area=0.1, brightness=1, contrast=1, saturation=1, grey=0.5)
    out = wild(images, stream(0, "x")).images
    assert out.shape == images.shape
    assert float(out.abs().max()) <= 1
    assert torch.equal(out, wild(images, stream(0, "x")).images)
    assert not torch.equal(out, wild(images, stream(1, "x")).images)


def test_it_is_a_setting_by_its_name() -> None:
    config = RunConfig().replace(augment="photo").replace(augment={"area": 0.25})
    assert config.augment == Photo(area=0.25)
    assert RunConfig.from_tree(config.tree()) == config
    assert config.replace(augment="affine").augment != config.augment
    assert config.replace(augment="none").augment is None
    with pytest.raises(ValidationError):
        Photo(area=0)
    with pytest.raises(ValueError, match=r"augment: should be one of affine, photo, none"):
        config.replace(augment="colour")


def test_a_run_sees_its_images_through_it(tiny: RunConfig, tmp_path: object) -> None:
    grey = strokes(64)
    images = type(grey)(np.repeat(grey.pixels, 3, axis=3), grey.labels, grey.classes, "photos")
    trainer = Trainer(tiny.replace(augment="photo"), images)
    trainer.advance()
    scene = trainer._look("d", 0)
    augment = trainer.config.augment
    assert augment is not None
    expected = augment(
        to_float(images.take(trainer.batches.rows(0))), stream(trainer.config.seed, "augment", 0)
    )
    assert torch.equal(scene._view.images, expected.images)
    assert torch.equal(scene.moves["width"], expected.moves["width"])


@pytest.mark.parametrize("aspect", [1, 2])
@pytest.mark.parametrize(
    "augment",
    [Affine(strength=0, stretch=0.3), Photo.model_validate(NOTHING | {"area": 0.6})],
    ids=str,
)
def test_moves_in_width_and_height_are_those_that_are_measured(
    augment: Affine | Photo, aspect: int
) -> None:
    """On a rectangle in the middle that stays within the image."""
    images = torch.full((100, 1, 120, 120 * aspect), -1.0)
    images[:, :, 48:72, 60 * aspect - 20 : 60 * aspect + 20] = 1.0
    changed = augment(images, stream(0, "x"))
    before, after = (morphology.shape(to_pixels(x)) for x in (images, changed.images))
    border = [changed.images[:, 0, [0, -1]], changed.images[:, 0, :, [0, -1]]]
    whole = torch.cat([part.flatten(1) for part in border], 1).amax(1).numpy() < 0
    assert whole.sum() > 50
    for name in ("width", "height"):
        moved = np.log(after[name] / before[name])
        assert np.ptp(moved[whole]) > 0.3
        assert np.allclose(moved[whole], changed.moves[name].numpy()[whole], atol=0.04)
    assert np.allclose(changed.moves["slant"], 0, atol=1e-6)


@pytest.mark.parametrize("size", [(60, 60), (60, 90)])
def test_a_move_in_slant_is_what_is_measured_on_a_tall_line(size: tuple[int, int]) -> None:
    images = torch.full((200, 1, *size), -1.0)
    middle = size[1] // 2
    images[:, :, 14:46, middle - 1 : middle + 1] = 1.0
    changed = Affine(strength=1.5, stretch=0.2)(images, stream(0, "x"))
    slant = np.tan(np.radians(morphology.shape(to_pixels(changed.images))["slant"]))
    assert np.allclose(slant, changed.moves["slant"], atol=0.02)
    assert np.ptp(slant) > 0.8


@pytest.mark.parametrize("aspect", [1, 2])
def test_a_move_in_turn_is_clockwise_whatever_the_scale(aspect: int) -> None:
    """On an upright line, through pure rotations in pixels of images of either form."""
    images = torch.full((100, 1, 120 * aspect, 120), -1.0)
    images[:, :, 60 * aspect - 40 : 60 * aspect + 40, 58:62] = 1.0
    turn = torch.linspace(-1.2, 1.2, 100)  # of what is seen, clockwise
    scale = torch.linspace(0.8, 1.2, 100)
    cos, sin = scale * turn.cos(), scale * turn.sin()
    rows = [[cos, sin * aspect, 0 * cos], [-sin / aspect, cos, 0 * cos]]
    theta = torch.stack([torch.stack(row, 1) for row in rows], 1)
    seen = (sampled(images, theta)[:, 0] + 1) / 2
    y, x = torch.meshgrid(*(torch.arange(n) - (n - 1) / 2 for n in seen.shape[1:]), indexing="ij")
    across, upright = (seen * x * -y).sum((1, 2)), (seen * (y * y - x * x)).sum((1, 2))
    measured = torch.atan2(2 * across, upright) / 2  # of the long axis, from upright to the right
    assert torch.allclose(measured, turn, atol=0.01)
    assert torch.allclose(moves_of(theta, aspect)["turn"], turn, atol=1e-5)


@pytest.mark.parametrize("size", [(64, 64), (64, 96)])
def test_centred_views_move_what_lies_on_the_ground_by_what_is_said(size: tuple[int, int]) -> None:
    """An L of two strokes, away from the middle: place, size and turn of each view are measured."""
    images = torch.full((300, 1, *size), -1.0)
    images[:, :, 14:30, 12:16] = 1.0
    images[:, :, 26:30, 16:24] = 1.0
    augment = Affine(strength=1, shift=0.15, turn=180, centred=True)
    changed = augment(images, stream(0, "x"))
    assert {"x", "y", "size", "turn"} <= {*augment.moves} <= {*changed.moves}
    assert not {"slant", "width", "height"} & {*augment.moves}
    before, after = middle(images), middle(changed.images)
    for axis, name in enumerate("xy"):
        moved = (after - before)[:, axis]
        assert torch.allclose(moved, changed.moves[name], atol=0.02)
        assert np.ptp(moved.numpy()) > 0.2
    area = [((x + 1) / 2).sum((1, 2, 3)) for x in (images, changed.images)]
    assert torch.allclose((area[1] / area[0]).log() / 2, changed.moves["size"], atol=0.03)
    assert np.ptp(changed.moves["size"].numpy()) > 0.2
    assert np.ptp(changed.moves["turn"].numpy()) > 6  # all the way round


@pytest.mark.parametrize("size", [(64, 64), (64, 96)])
def test_centred_views_turn_what_lies_on_the_ground_by_what_is_said(size: tuple[int, int]) -> None:
    """A line away from the middle, whose long axis is measured up to half a turn."""
    images = torch.full((300, 1, *size), -1.0)
    images[:, :, 14:30, 12:16] = 1.0
    changed = Affine(strength=0, shift=0.15, turn=180, centred=True)(images, stream(0, "x"))
    light = (changed.images[:, 0] + 1) / 2
    centre = middle(changed.images)[:, :, None, None]
    across, down = (torch.arange(n) + 0.5 - n / 2 for n in size[::-1])
    x, y = across - centre[:, 0] * size[1] / 2, down[:, None] - centre[:, 1] * size[0] / 2
    axis = torch.atan2(2 * (light * x * -y).sum((1, 2)), (light * (y * y - x * x)).sum((1, 2))) / 2
    off = torch.remainder(axis - changed.moves["turn"] + math.pi / 2, math.pi) - math.pi / 2
    assert float(off.abs().max()) < 0.05


def test_centred_views_are_refused_where_nothing_stays_in_the_middle() -> None:
    Affine(strength=0, stretch=0.1, centred=True)
    Photo(area=1, centred=True)
    with pytest.raises(ValueError, match="raise one, or set centred false"):
        Affine(strength=0, centred=True)
    with pytest.raises(ValueError, match="set area 1, or centred false"):
        Photo(centred=True)


def test_strokes_grow_on_either_side_by_what_is_said() -> None:
    images = torch.full((100, 1, 40, 48), -1.0)
    images[:, :, 8:32, 20:26] = 1.0
    changed = Affine(strength=0, shift=0, thicken=1)(images, stream(0, "x"))
    by = changed.moves["thickness"].numpy()
    assert -1 <= by.min() < -0.9 and 0.9 < by.max() <= 1
    area = (
        ((changed.images + 1) / 2).sum((1, 2, 3)).numpy()
    )  # of 24 x 6; a pixel more on each side makes 26 x 8
    assert np.allclose(
        area, 24 * 6 + np.where(by > 0, by * (26 * 8 - 24 * 6), by * (24 * 6 - 22 * 4)), rtol=1e-4
    )
    assert np.corrcoef(morphology.shape(to_pixels(changed.images))["thickness"], by)[0, 1] > 0.95
    assert Affine(thicken=1).moves == (
        *("slant", "width", "height", "turn", "size", "thickness", "x", "y"),
    )
    assert "thickness" not in Affine()(images, stream(0, "x")).moves


@pytest.mark.parametrize("size", [(60, 60), (60, 90)])
@pytest.mark.parametrize("strength", [0, 1])
def test_a_move_in_x_and_y_is_that_of_what_lies_in_the_middle(
    strength: float, size: tuple[int, int]
) -> None:
    images = torch.full((100, 1, *size), -1.0)
    images[:, :, size[0] // 2 - 3 : size[0] // 2 + 3, size[1] // 2 - 3 : size[1] // 2 + 3] = 1.0
    changed = Affine(strength=strength, shift=0.4)(images, stream(0, "x"))
    light = (changed.images[:, 0] + 1) / 2
    for axis, name in ((2, "x"), (1, "y")):
        half = size[axis - 1] / 2
        at = (torch.arange(2 * half) + 0.5) / half - 1
        centre = (light.sum(3 - axis) * at).sum(1) / light.sum((1, 2))
        assert torch.allclose(centre, changed.moves[name], atol=0.01)
        assert np.ptp(centre.numpy()) > 0.7


def colours_of(images: Tensor) -> np.ndarray:
    """[N, 3] hue in degrees, saturation and value (HSV) of images of one colour."""
    pixels = (images[:, :, 0, 0].double() + 1) / 2
    return np.array([colorsys.rgb_to_hsv(*pixel) for pixel in pixels.tolist()]) * [360, 1, 1]


def test_moves_in_colour_are_those_that_are_measured() -> None:
    n = 200
    rgb = torch.tensor([0.3, 0.5, 0.35])[:, None, None].expand(n, 3, 8, 8) * 2 - 1
    hue = only(hue=0.1)(rgb, stream(0, "x"))
    turned = colours_of(hue.images)
    by = np.degrees(hue.moves["hue"].numpy())
    assert np.allclose(turned[:, 0] - colours_of(rgb)[:, 0], by, atol=2.5)
    assert 30 < by.max() <= 36
    assert torch.allclose(hue.images.mean(1), rgb.mean(1), atol=1e-5)
    light = only(brightness=0.5)(rgb, stream(0, "x"))
    gain = np.log(colours_of(light.images)[:, 2] / 0.5)
    assert np.allclose(gain, light.moves["brightness"].numpy(), atol=1e-4)
    pure = only(saturation=0.6)(rgb, stream(0, "x"))
    grey = (rgb[0, :, 0, 0] + 1) / 2 @ torch.tensor(LUMA)
    far = ((pure.images[:, 1, 0, 0] + 1) / 2 - grey) / (0.5 - grey)  # of green from grey
    assert torch.allclose(far.log(), pure.moves["saturation"], atol=1e-4)
    assert np.ptp(pure.moves["saturation"].numpy()) > 1
    every = Photo.model_validate(NOTHING | {"hue": 0.1, "brightness": 0.5, "saturation": 0.6})
    assert every.moves == ("brightness", "hue", "saturation")
    for unknown in ({"grey": 0.1}, {"saturation": 1}):
        assert "saturation" not in every.model_copy(update=unknown).moves
        assert "saturation" not in every.model_copy(update=unknown)(rgb, stream(0, "x")).moves


def test_what_can_be_followed() -> None:
    """A code can follow only a property that views move, in a run that trains on views."""
    crops = "photo"
    for settings, words in (
        (
            {"objective": {"real_weight": 0}},
            "--latent.slant.follows none --latent.width.follows none",
        ),
        ({"augment": crops}, "width or height or size or y or brightness or none"),
        ({"augment": {"strength": 0, "stretch": 0, "thicken": 0}}, "set it to x or y or none"),
        ({"augment": {"mirror": True}}, "width or height or size or thickness or y or none"),
    ):
        with pytest.raises(ConfigError, match=words):
            presets.DIGITS.replace(**settings)
    wide = presets.DIGITS.replace(augment=crops, latent={"slant": {"follows": "none"}})
    assert wide.latent.following == {"width": "width"}
    with pytest.raises(ConfigError, match=r"latent\.slant\.follows"):
        presets.DIGITS.replace(latent={"slant": {"follows": "colour"}})


def test_affine_of_strength_zero_changes_nothing() -> None:
    images = noise(4, 1)
    same = Affine(strength=0, shift=0)(images, stream(0, "x")).images
    assert torch.allclose(same, images, atol=1e-5)
    images = noise(16, 1)
    mirrored = Affine(strength=0, shift=0, mirror=True)(images, stream(0, "x")).images
    for image, out in zip(images, mirrored, strict=True):
        assert any(torch.allclose(out, one, atol=1e-5) for one in (image, image.flip(2)))
    assert not torch.allclose(mirrored, images, atol=1e-2)


def test_affine_bends_smoothly_and_each_image_its_own_way() -> None:
    """On an image of its own coordinates the change is the displacement, of the size asked for."""
    n, side = 200, 24
    axis = torch.linspace(-1, 1, side)
    images = torch.stack([axis.expand(side, side), axis[:, None].expand(side, side)]).expand(
        n, 2, side, side
    )
    moved = Affine(strength=0, shift=0, bend=0.05)(images, stream(0, "x")).images - images
    inside = moved[:, :, 6:-6, 6:-6]  # the border holds back what would come in from outside
    assert 0.02 < inside.std() < 0.08
    assert (inside[..., 1:] - inside[..., :-1]).abs().max() < 0.05
    assert inside.mean((2, 3)).std(0).min() > 0.01
    assert abs(torch.corrcoef(inside.mean((2, 3)).T)[0, 1]) < 0.2


def test_affine_turns_in_pixels_on_oblong_images() -> None:
    """A turned bar keeps its length, whatever the aspect of the image."""
    images = torch.full((64, 1, 40, 80), -1.0)
    images[:, :, 18:22, 30:50] = 1.0
    turned = Affine(strength=4, shift=0)(images, stream(0, "x")).images
    area = (turned + 1).sum((1, 2, 3)) / 2
    u = torch.rand(64, 6, generator=stream(0, "x")) * 2 - 1
    expected = 80 / (1 + 0.6 * u[:, 2]) ** 2  # turns and shears keep the area
    keep = expected < 300  # a bar enlarged over the border is cut
    assert math.isclose(float((area / expected)[keep].mean()), 1, abs_tol=0.05)


def test_affine_does_the_same_to_an_oblong_image() -> None:
    """With border added left and right, the middle turns, shears and scales as before."""
    square = torch.full((32, 1, 40, 40), -1.0)
    square[:, :, 18:22, 12:28] = 1.0
    wide = nn.functional.pad(square, (20, 20), value=-1.0)
    augment = Affine(strength=2, shift=0)
    a, b = augment(square, stream(0, "x")), augment(wide, stream(0, "x"))
    assert torch.allclose(a.images, b.images[..., 20:60], atol=1e-3)
    assert all(torch.allclose(move, b.moves[name]) for name, move in a.moves.items())


def test_affine_shifts_both_ways() -> None:
    images = torch.full((32, 1, 40, 80), -1.0)
    images[:, :, 16:24, 36:44] = 1.0
    weight = (Affine(strength=0, shift=0.5)(images, stream(0, "x")).images + 1)[:, 0]
    u = torch.rand(32, 6, generator=stream(0, "x")) * 2 - 1
    for axis, column, side in ((2, 3, 80), (1, 4, 40)):
        at = torch.arange(side) - (side - 1) / 2
        centre = (weight.sum(3 - axis) * at).sum(1) / weight.sum((1, 2))
        assert torch.allclose(centre, -0.5 * u[:, column] * side / 2, atol=0.05)


def test_a_shade_is_smooth_and_alike_in_all_channels() -> None:
    images = torch.full((40, 3, 24, 24), -0.5)
    light = only(shade=0.4)(images, stream(0, "x")).images + 1  # 0 is black
    ratio = light / (images + 1)
    assert torch.allclose(ratio[:, 0], ratio[:, 2], atol=1e-6)
    assert float(ratio.amin()) < 0.6 < 1.5 < float(ratio.amax())
    steps = (ratio[..., 1:].log() - ratio[..., :-1].log()).abs().amax()
    assert float(steps) < 0.4  # neighbours differ little, far corners much
    assert float((ratio[..., 0, 0] / ratio[..., -1, -1]).log().std()) > 0.3


def test_a_tint_changes_channels_by_factors_of_their_own_and_no_grey_image() -> None:
    images = noise(200)
    factor = (only(tint=0.3)(images, stream(0, "x")).images + 1) / (images + 1)
    each = factor.flatten(2)
    assert torch.allclose(each.amin(2), each.amax(2), atol=1e-4)
    assert float(each.amin()) == pytest.approx(0.7, abs=0.02)
    assert float(each.amax()) == pytest.approx(1.3, abs=0.02)
    assert not torch.allclose(each[:, 0], each[:, 1], atol=0.1)
    grey = noise(8, channels=1)
    assert torch.allclose(only(tint=0.3)(grey, stream(0, "x")).images, grey, atol=1e-5)


def test_a_blur_moves_pixels_towards_their_neighbours_or_away() -> None:
    images = torch.full((300, 1, 9, 9), -0.5)
    images[:, :, 4, 4] = 0.4  # the mean of its neighbourhood is -0.4
    seen = only(blur=1)(images, stream(0, "x")).images[:, 0, 4, 4]
    assert float(seen.amin()) == pytest.approx(-0.4, abs=0.02)
    assert float(seen.amax()) == pytest.approx(0.4 + 0.6 * 0.8, abs=0.02)
    there = noise(3)
    padded = torch.nn.functional.pad(there, (1, 1, 1, 1), mode="replicate")
    assert torch.allclose(blurred(there), torch.nn.functional.avg_pool2d(padded, 3, 1), atol=1e-6)
    flat = torch.full((4, 3, 9, 9), 0.3)
    assert torch.allclose(only(blur=1)(flat, stream(0, "x")).images, flat, atol=1e-6)


def test_a_photo_is_moved_and_then_a_part_of_it_is_shown() -> None:
    """The map is the affine one after that of the crop: their moves add up."""
    images = torch.zeros(500, 1, 32, 32)
    both = Photo.model_validate(NOTHING | {"area": 0.4, "strength": 1.5})
    moves = both(images, stream(0, "x")).moves
    scale = (moves["width"] + moves["height"]) / 2  # ln of how much larger things are
    assert float(scale.amax()) == pytest.approx(-0.5 * math.log(0.4) - math.log(1 - 0.225), abs=0.1)
    assert float(scale.amin()) == pytest.approx(-math.log(1 + 0.225), abs=0.1)
    assert Photo().moves == ("width", "height", "size", "y", "brightness")
    assert Photo(turn=90).moves == ("size", "y", "brightness")
