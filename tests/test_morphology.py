"""Measured properties against drawn shapes whose slant, thickness, width and height are known."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.stats import rankdata, spearmanr

from infogan import data
from infogan.analysis.evaluation import continuous, shown
from infogan.analysis.metrics import morphology
from infogan.analysis.observation import Observation
from infogan.config.settings import RunConfig
from infogan.core.random import stream
from infogan.data.images import Images, Pixels
from infogan.latent.codes import Uniform
from infogan.latent.latent import Latent
from infogan.latent.posterior import Posterior
from infogan.model.model import Model

RNG = np.random.default_rng(0)
FINE = 8
"""Points a pixel's side is drawn with."""
Inside = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]


def drawn(
    inside: Inside,
    size: tuple[int, int] = (28, 28),
    ink: float = 255,
    ground: float = 0,
    blur: float = 0,
) -> Pixels:
    """[1, H, W, 1] a shape; inside: whether a point is (x right, y up, from the centre)."""
    h, w = size
    y, x = (np.mgrid[: h * FINE, : w * FINE] + 0.5) / FINE
    cover = inside(x - w / 2, h / 2 - y).reshape(h, FINE, w, FINE).mean((1, 3))
    cover = ndimage.gaussian_filter(cover, blur) if blur else cover
    pixels: Pixels = np.rint(ground + (ink - ground) * cover).astype(np.uint8)[None, ..., None]
    return pixels


def stroke(
    breadth: float = 4, length: float = 18, degrees: float = 0, dx: float = 0, dy: float = 0
) -> Inside:
    """A horizontally sheared bar: `degrees` from upright, `breadth` across and `length` up."""
    shear = np.tan(np.radians(degrees))
    return lambda x, y: (
        (abs(y - dy) <= length / 2) & (abs(x - dx - shear * (y - dy)) <= breadth / 2)
    )


def turned(breadth: float, length: float, degrees: float) -> Inside:
    """A bar turned as a whole."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return lambda x, y: (abs(c * x - s * y) <= breadth / 2) & (abs(s * x + c * y) <= length / 2)


def measured(pixels: Pixels) -> dict[str, float]:
    return {name: float(values[0]) for name, values in morphology.shape(pixels).items()}


@pytest.mark.parametrize("degrees", [-40, -20, -5, 0, 10, 30])
@pytest.mark.parametrize("size", [(28, 28), (48, 32)])
def test_slant_is_the_angle_of_the_shear(degrees: float, size: tuple[int, int]) -> None:
    assert measured(drawn(stroke(degrees=degrees), size))["slant"] == pytest.approx(
        degrees, abs=0.3
    )


@pytest.mark.parametrize("degrees", [-50, -20, 10, 35])
@pytest.mark.parametrize(
    ("breadth", "length", "dx", "dy"),
    [(3, 16, 0, 0), (9.5, 11, 3, 0), (5, 18, -2, 0), (3, 12, 3, 9), (3, 12, -3, -9)],
)
@pytest.mark.parametrize("size", [(32, 48), (48, 40)])
def test_width_does_not_grow_as_a_shape_leans(
    degrees: float, breadth: float, length: float, dx: float, dy: float, size: tuple[int, int]
) -> None:
    upright, leaning = (
        measured(drawn(stroke(breadth, length, d, dx, dy), size)) for d in (0, degrees)
    )
    assert leaning["width"] == pytest.approx(upright["width"], abs=0.35)
    assert leaning["height"] == pytest.approx(upright["height"], abs=0.05)


@pytest.mark.parametrize("row", [1, 13, 25])
def test_a_line_that_nearly_lies_has_a_width_wherever_it_is(row: int) -> None:
    pixels = np.zeros((1, 28, 28, 1), np.uint8)
    pixels[0, row, 5:14] = pixels[0, row + 1, 14:23] = 255
    found = measured(pixels)
    assert np.isfinite(list(found.values())).all()
    assert found["width"] == pytest.approx(measured(np.roll(pixels, 13 - row, 1))["width"])


@pytest.mark.parametrize("degrees", [0, 15, 45, 80])
@pytest.mark.parametrize("blur", [0, 0.5])
def test_thickness_is_the_breadth_of_a_stroke(degrees: float, blur: float) -> None:
    found = [
        measured(drawn(turned(t, 18, degrees), blur=blur))["thickness"] for t in (2, 3, 4, 5, 6)
    ]
    assert found == pytest.approx([2, 3, 4, 5, 6], rel=0.12, abs=0.35)
    assert (np.diff(found) > 0.7).all()


def test_a_closed_stroke_has_a_thickness_too() -> None:
    ring = measured(drawn(lambda x, y: abs(np.hypot(x, y) - 8) <= 1.5))
    assert ring["thickness"] == pytest.approx(3, rel=0.1)
    assert ring["slant"] == pytest.approx(0, abs=0.1)
    square = measured(drawn(lambda x, y: (abs(x) <= 5) & (abs(y) <= 5)))
    assert square["thickness"] == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize("blur", [0, 1])
def test_width_and_height_are_those_of_the_middle_of_the_ink(blur: float) -> None:
    """A rectangle's ink is even, so 96 % of it spans 96 % of its sides."""
    for width, height in ((6, 20), (7.5, 11), (12, 9), (20, 6)):
        found = measured(drawn(stroke(width, height), blur=blur))
        assert found["width"] == pytest.approx(0.96 * width, abs=0.8)
        assert found["height"] == pytest.approx(0.96 * height, abs=0.8)


def test_place_brightness_and_polarity_change_nothing() -> None:
    reference = measured(drawn(stroke(degrees=20)))
    for other in (
        drawn(stroke(degrees=20), (40, 36)),  # whole pixels away from the middle, or more ground
        drawn(stroke(degrees=20, dx=3, dy=-4)),
        drawn(stroke(degrees=20), ink=100),
        drawn(stroke(degrees=20), ink=0, ground=255),
        drawn(stroke(degrees=20), ink=120, ground=40),
        drawn(stroke(degrees=20)).repeat(3, 3),
    ):
        assert measured(other) == pytest.approx(reference, rel=0.02, abs=0.05)


def test_noise_of_the_ground_changes_little() -> None:
    clean = drawn(stroke(degrees=20))
    noisy = np.clip(clean.astype(int) + RNG.integers(0, 25, clean.shape), 0, 255).astype(np.uint8)
    assert measured(noisy) == pytest.approx(measured(clean), rel=0.06)


def test_colour_counts_by_luminance() -> None:
    """Blue on black is dark beside green: the shape is where the green is."""
    green, blue = drawn(stroke(degrees=20)), drawn(stroke(degrees=-20), ink=40)
    both = np.concatenate([np.zeros_like(green), green, blue], 3)
    assert measured(both)["slant"] == pytest.approx(20, abs=1)


def test_blank_images_are_nan_and_drop_out() -> None:
    bars = [drawn(stroke(degrees=d)) for d in (-30, -10, 10, 30)]
    blank = [drawn(stroke(), ink=level, ground=0) for level in (0, 10)]
    found = morphology.shape(np.concatenate([*bars, *blank]))
    for values in found.values():
        assert np.isfinite(values).tolist() == [True] * 4 + [False] * 2
    code = np.array([1.0, 2, 3, 4, -100, 100])
    assert morphology.rank_correlation(code, found["slant"]) == 1
    assert morphology.rank_correlation(code, found["slant"], np.zeros(6, np.int64)) == 1
    assert morphology.rank_correlation(code[4:], found["slant"][4:]) == 0


def test_thickness_goes_with_the_distance_to_the_ground_along_the_skeleton() -> None:
    """The usual measure, on a grid four times as fine: twice the distance at its ridges."""
    pixels = data.load("digits", "validation").pixels[:200]
    fine = ndimage.zoom(pixels[..., 0] / 255, (1, 4, 4), order=1) > 0.5
    reference = []
    for image in fine:
        distance = ndimage.distance_transform_edt(image)
        ridge = image & (distance == ndimage.maximum_filter(distance, 3))
        reference.append(2 * distance[ridge].mean() / 4)
    found = morphology.shape(pixels)["thickness"]
    assert spearmanr(found, reference).statistic > 0.95
    assert np.median(found / np.array(reference)) == pytest.approx(1, abs=0.1)


def test_digits_are_shapes_and_textures_are_not() -> None:
    digits = data.load("digits", "validation")
    assert morphology.are_shapes(digits)
    assert morphology.are_shapes(Images(255 - digits.pixels))
    texture = Images(RNG.integers(0, 256, (50, 32, 32, 3)).astype(np.uint8))
    assert not morphology.are_shapes(texture)
    few = digits.pixels[:50].copy()
    few[:6] = texture.pixels[:6, :28, :28, :1]
    assert not morphology.are_shapes(Images(few))
    assert morphology.are_shapes(Images(np.concatenate([few, digits.pixels[50:100]])))
    assert morphology.measure(texture, False).keys() == {"brightness", "contrast"}


def test_chunks_meet() -> None:
    pixels = data.load("digits", "validation").pixels
    many = Images(np.concatenate([pixels] * 3))
    whole = morphology.shape(many.pixels)
    for name, values in morphology.measure(many, True).items():
        assert values == pytest.approx(whole[name])


def test_groups_do_not_count() -> None:
    """A code that goes with a property within each group is found, and no other is."""
    group = RNG.integers(0, 5, 2000)
    code = RNG.uniform(-1, 1, 2000)
    between = 50.0 * RNG.permutation(5)[group]
    assert morphology.rank_correlation(code, code**3 + between, group) == pytest.approx(1, abs=0.05)
    assert abs(morphology.rank_correlation(code, code**3 + between)) < 0.3
    assert (
        abs(morphology.rank_correlation(code + between, RNG.normal(size=2000) + between, group))
        < 0.1
    )
    assert morphology.rank_correlation(code, between / 3, group) == 0
    flat = np.array([1, 2, 3, 1, 2, 3])
    assert morphology.rank_correlation(
        flat, np.array([1, 2, 3, 6, 5, 4]), np.repeat([0, 1], 3)
    ) == pytest.approx(0)


def test_each_code_gets_a_property_of_its_own() -> None:
    rhos = {"a": {"slant": 0.95, "width": 0.9}, "b": {"slant": -0.97, "width": 0.2}}
    assert morphology.assign(rhos) == {"a": "width", "b": "slant"}
    assert morphology.assign({code: {"slant": rho} for code, rho in (("a", 0.3), ("b", -0.8))}) == {
        "b": "slant"
    }
    assert morphology.assign({}) == {}


ANGLES = RNG.uniform(-np.pi, np.pi, 5000)
COSINE = np.sqrt(96) / np.pi**2
"""R of an angle with its own cosine: the ranks are a triangle wave, 96 / π⁴ of whose power lies in
its first harmonic."""


def test_circular_correlation_of_known_cases() -> None:
    circular = morphology.circular_correlation
    assert circular(ANGLES, np.cos(ANGLES)) == pytest.approx(COSINE, abs=0.002)
    assert circular(ANGLES, 3 * np.sin(ANGLES) + 7) == pytest.approx(COSINE, abs=0.002)
    assert circular(ANGLES, np.exp(4 * np.cos(ANGLES))) == circular(ANGLES, np.cos(ANGLES))
    assert circular(ANGLES, RNG.normal(size=5000)) < 0.05
    assert circular(ANGLES, np.cos(2 * ANGLES)) < 0.05  # once round is twice there and back
    assert circular(ANGLES, np.ones(5000)) == 0
    assert circular(np.ones(5000), ANGLES) == pytest.approx(0, abs=1e-6)
    noisy = circular(ANGLES, np.cos(ANGLES) + RNG.normal(0, 1, 5000))
    assert 0.4 < noisy < 0.7


def test_circular_correlation_does_not_depend_on_where_the_angle_begins_or_turns_to() -> None:
    b = np.cos(ANGLES - 1) + RNG.normal(0, 0.5, 5000)
    reference = morphology.circular_correlation(ANGLES, b)
    wrapped = np.angle(np.exp(1j * (ANGLES + np.pi)))  # half a turn on
    for angle in (ANGLES + 0.7, wrapped, -ANGLES, ANGLES + 2 * np.pi):
        assert morphology.circular_correlation(angle, b) == pytest.approx(reference)
    assert abs(morphology.rank_correlation(ANGLES, b)) < reference - 0.1  # which is not of the kind


def test_circular_correlation_is_the_multiple_correlation_of_the_formula() -> None:
    b = np.cos(ANGLES - 1) + RNG.normal(0, 1, 5000)
    ranks = rankdata(b)
    c, s, cs = (
        np.corrcoef(one, other)[0, 1]
        for one, other in (
            (ranks, np.cos(ANGLES)),
            (ranks, np.sin(ANGLES)),
            (np.cos(ANGLES), np.sin(ANGLES)),
        )
    )
    expected = ((c**2 + s**2 - 2 * c * s * cs) / (1 - cs**2)) ** 0.5
    assert morphology.circular_correlation(ANGLES, b) == pytest.approx(expected)


def test_groups_do_not_count_for_an_angle_either() -> None:
    group = RNG.integers(0, 5, 5000)
    between = 50.0 * group
    b = np.cos(ANGLES) + between
    assert morphology.circular_correlation(ANGLES, b, group) == pytest.approx(COSINE, abs=0.01)
    assert morphology.circular_correlation(ANGLES, b) < 0.3
    assert morphology.circular_correlation(ANGLES, between, group) == 0
    lost = np.where(RNG.random(5000) < 0.3, np.nan, b)
    found = morphology.circular_correlation(ANGLES, lost, group)
    assert found == pytest.approx(COSINE, abs=0.01)


LATENT = Latent(
    noise=1, group="categorical:3", bold=Uniform(0, 2, sweep=(-9, 9)), lean="uniform:-1:1"
)


def bars(vectors: torch.Tensor) -> Pixels:
    """What a perfect generator makes of z, category, bold and lean: bars at z, whose category
    changes their breadth more than any code does."""
    z, category, bold, lean = (part.numpy()[:, :, None] for part in vectors.split([1, 3, 1, 1], 1))
    breadth = 3 + 2 * category.argmax(1)[:, None] + 0.5 * bold
    y, x = np.mgrid[11.5:-12:-1, -11.5:12:1]
    off = np.maximum(abs(x - z.clip(-2, 2) - 0.15 * lean * y) - breadth / 2, abs(y) - 7)
    pixels: Pixels = np.rint(255 * (0.5 - off).clip(0, 1)).astype(np.uint8)[..., None]
    return pixels


@pytest.fixture
def drawing(tiny: RunConfig, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model whose generator draws such bars."""
    model = Model(tiny.model_copy(update={"latent": LATENT}), (24, 24, 1))
    monkeypatch.setattr(model, "generate", bars)
    return model


def observed(model: Model, images: Images, read: dict[str, Posterior]) -> Observation:
    """An observation of a Q that reads this."""
    seen = Observation(model, images)
    vars(seen)["read"] = read
    return seen


def test_codes_are_named_after_what_they_change(drawing: Model) -> None:
    draw = LATENT.sample(300, stream(1, "test"))
    values = {name: value.numpy() for name, value in draw.values.items()}
    right = {
        name: Posterior(v[:, 0], v[:, 0], mean=v[:, 0], std=v[:, 0]) for name, v in values.items()
    }
    right["group"] = Posterior(
        values["group"].argmax(1), values["group"].max(1), probs=values["group"]
    )
    images = Images(bars(draw.vector()))
    found = continuous(observed(drawing, images, right))
    assert found.keys() == {"bold", "lean"}
    assert (found["bold"]["looks_like"], found["lean"]["looks_like"]) == ("thickness", "slant")
    assert found["lean"]["sweeps"]["slant"] > 0.98
    assert found["bold"]["sweeps"]["thickness"] > 0.95
    assert abs(found["bold"]["sweeps"]["slant"]) < 0.1
    assert found["bold"]["real"]["thickness"] > 0.8
    assert abs(found["bold"]["real_overall"]["thickness"]) < 0.5  # its category outdoes the code
    assert "factors" not in found["bold"]
    steps = np.stack([np.digitize(values["lean"][:, 0], [-0.5, 0.5]), values["group"].argmax(1)], 1)
    known = replace(images, factors=steps, factor_names=("lean", "group"))
    with_factors = continuous(observed(drawing, known, right))
    assert with_factors["lean"]["factors"]["lean"] > 0.9
    assert abs(with_factors["lean"]["factors"]["group"]) < 0.2
    line = shown({"continuous": with_factors}, {})[2]
    assert line.endswith("with the factor lean)")
    unread = continuous(observed(drawing, images, {}))
    assert unread["lean"].keys() == {"sweeps", "looks_like"}
    assert unread["lean"]["sweeps"] == found["lean"]["sweeps"]
    texture = Images(RNG.integers(0, 256, (50, 24, 24, 1)).astype(np.uint8))
    assert continuous(observed(drawing, texture, {}))["bold"]["sweeps"].keys() == {
        "brightness",
        "contrast",
    }


def test_a_code_that_changes_nothing_looks_like_nothing(
    drawing: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leanless(vectors: torch.Tensor) -> Pixels:
        return bars(vectors * torch.tensor([1.0] * 5 + [0.0]))

    monkeypatch.setattr(drawing, "generate", leanless)
    images = Images(bars(LATENT.sample(50, stream(1, "test")).vector()))
    found = continuous(observed(drawing, images, {}))
    assert found["bold"]["looks_like"] == "thickness"
    assert found["lean"]["looks_like"] is None
    assert set(found["lean"]["sweeps"].values()) == {0.0}


def test_a_code_that_comes_round_is_measured_on_the_circle(
    tiny: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bars lean by the cosine of an angle: rank correlation would see nothing of it."""
    latent = Latent(noise=1, group="categorical:3", bold=Uniform(0, 2), turn="angle")
    model = Model(tiny.model_copy(update={"latent": latent}), (24, 24, 1))
    monkeypatch.setattr(model, "generate", lambda vectors: bars(vectors[:, :6]))
    draw = latent.sample(300, stream(1, "test"))
    angle = latent.codes["turn"].value(draw.values["turn"]).numpy()
    read = {"turn": Posterior(angle, angle, mean=angle, std=angle)}
    found = continuous(observed(model, Images(bars(draw.vector()[:, :6])), read))["turn"]
    assert (found["looks_like"], found["periodic"]) == ("slant", True)
    assert found["sweeps"]["slant"] > 0.97
    assert found["real"]["slant"] > 0.95
    assert min(found["sweeps"].values()) >= 0
    bold = {key: value for key, value in found.items() if key != "periodic"}
    scores = {
        "information": {"turn": 2.5},
        "entropy": {"turn": 1.8},
        "prior": {},
        "continuous": {"turn": found, "bold": bold},
    }
    of_turn, of_bold = [line for line in shown(scores, {}) if "looks like" in line]
    assert "+" not in of_turn  # a circular correlation has no sign
    assert "+0.9" in of_bold
