"""Every kind of code goes the whole way: trained, evaluated, reported, explored and exported."""

import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy import stats

from browsing import Opened, drop, explorers, near, shown
from infogan.analysis.observation import Observation
from infogan.config.settings import RunConfig
from infogan.core.random import stream
from infogan.core.tables import read_file
from infogan.data.images import Images, to_float
from infogan.explorer.export import export
from infogan.explorer.page import explorer
from infogan.latent.codes import KINDS, Code
from infogan.model.model import Model
from infogan.objectives.base import parameters
from infogan.pipeline.run import fit, record
from infogan.report import charts, findings
from infogan.report.page import percent
from infogan.runs.folder import Run

FORMS = {"categorical": "categorical:4", "uniform": "uniform:-1:1", "gaussian": "gaussian:1:2"}
"""The short form of each kind; of others their name."""
PRIORS: dict[str, Any] = {
    "categorical": stats.randint(0, 4),
    "uniform": stats.uniform(-1, 2),
    "gaussian": stats.norm(1, 2),
    "angle": stats.uniform(-math.pi, 2 * math.pi),
}
"""The same priors, as scipy has them."""


SURER = 8


@dataclass(frozen=True)
class Trained:
    """A run with one code, `part`, and what it left."""

    kind: str
    path: Path
    model: Model
    scores: dict[str, Any]

    @property
    def code(self) -> Code:
        return self.model.latent.codes["part"]


@pytest.fixture(scope="module", params=KINDS)
def one(
    request: Any, tmp_path_factory: pytest.TempPathFactory, tiny: RunConfig, images: Images
) -> Trained:
    """A tiny run for each kind of code, whose Q is made surer than six steps make it, so that one
    value can be told from another."""
    latent = {"digit": "none", "slant": "none", "part": FORMS.get(request.param, request.param)}
    run = Run(path := tmp_path_factory.mktemp("codes") / request.param)
    model = fit(tiny.replace(latent=latent), path, images=images)
    with torch.no_grad():
        model.d.heads.get_parameter("code.3.weight").mul_(SURER)
    model.save(run.weights_file)
    record(run, model, images, images)
    return Trained(request.param, path, Model.load(path), read_file(path / "scores.json"))


def log_q(kind: str, read: dict[str, NDArray[Any]], values: NDArray[Any]) -> NDArray[Any]:
    """ln Q of values [N] by an exported encoder's outputs, as scipy has the distributions."""
    if kind == "categorical":
        chosen = read["part_probabilities"][np.arange(len(values)), values.astype(int)]
        return np.asarray(np.log(chosen))
    mean, std = (read[f"part_{name}"].astype(float) for name in ("mean", "std"))
    if kind == "angle":
        return np.asarray(stats.vonmises(1 / std**2, loc=mean).logpdf(values))
    return np.asarray(stats.norm(mean, std).logpdf(values))


def session(path: Path, feeds: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """What an exported graph makes of its inputs."""
    graph = onnxruntime.InferenceSession(path)
    names = [output.name for output in graph.get_outputs()]
    return dict(zip(names, graph.run(names, feeds), strict=True))


def test_the_score_is_what_the_exported_networks_say(one: Trained, tmp_path: Path) -> None:
    """L_I by scipy's entropy and densities, from G and Q as onnxruntime runs them."""
    export(one.model, tmp_path)
    n, entropy = 3000, float(PRIORS[one.kind].entropy())
    values = PRIORS[one.kind].rvs(n, random_state=0).astype(np.float32)
    noise = np.random.default_rng(0).standard_normal((n, 8), dtype=np.float32)
    if one.kind == "categorical":
        part = np.eye(4, dtype=np.float32)[values.astype(int)]
    elif one.kind == "angle":
        part = np.stack([np.cos(values), np.sin(values)], 1)
    else:
        part = values[:, None]
    made = session(tmp_path / "generator.onnx", {"noise": noise, "part": part})["image"]
    read = session(tmp_path / "encoder.onnx", {"image": made})
    gains = entropy + log_q(one.kind, read, values)
    heads = one.model.d(torch.from_numpy(made)).heads
    params = parameters(one.model.readings, heads)["part"].detach()
    torchs = one.code.log_q(params, torch.from_numpy(part))
    np.testing.assert_allclose(gains - entropy, torchs, rtol=2e-3, atol=2e-3)
    assert one.scores["entropy"]["part"] == pytest.approx(entropy, abs=1e-6)
    off = abs(gains.mean() - one.scores["information"]["part"])
    assert off < 5 * (gains.std() / n**0.5 + one.scores["information_error"]["part"])
    assert gains.std() > 0.1  # Q tells one value from another
    pixels = one.model.generate(torch.from_numpy(np.concatenate([noise, part], 1)))
    images = to_float(pixels).numpy()
    np.testing.assert_allclose(made, images, atol=1 / 127)
    again, mine = session(tmp_path / "encoder.onnx", {"image": images}), one.model.encode(pixels)
    for name, found in again.items():
        expected = getattr(mine["part"], name.removeprefix("part_").replace("abilitie", ""))
        turn = 2 * math.pi if name == "part_mean" and one.kind == "angle" else math.inf
        apart = np.abs(found - expected)
        assert np.minimum(apart, turn - apart).max() < 1e-3, name


def test_its_sweep_is_drawn_and_labelled(one: Trained) -> None:
    model, code = one.model, one.code
    assert (one.path / "traversals" / "part.png").is_file()
    assert (one.path / "samples" / "categories.png").is_file() == (one.kind == "categorical")
    generated, sweep = model.traverse("part", rows=2, steps=5)
    assert list(sweep) == pytest.approx(
        {
            "categorical": [0, 1, 2, 3],
            "uniform": [-1, -0.5, 0, 0.5, 1],
            "gaussian": [-3, -1, 1, 3, 5],
            "angle": [-math.pi, -math.pi / 2, 0, math.pi / 2, math.pi],
        }[one.kind]
    )
    drawn = model.latent.sample(2, stream(0, "traverse"))
    for row in range(2):
        for column, value in enumerate(sweep):
            own = {"noise": drawn.noise[row].tolist(), "codes": {"part": value}}
            alone = model.generate(model.latent.point(own).vector())
            assert near(generated[row, column], alone[0])
    if not code.categories:
        texts = {
            "uniform": ["−1.0", "−0.5", "0", "+0.5", "+1.0"],
            "gaussian": ["−3.0", "−1.0", "+1.0", "+3.0", "+5.0"],
            "angle": ["−180°", "−90°", "0°", "90°", "180°"],
        }
        assert charts.swept(code, sweep) == texts[one.kind]


def test_its_report_shows_real_images_where_they_are_read(one: Trained, images: Images) -> None:
    observation, read = Observation(one.model, images), one.model.encode(images)["part"]
    text = (one.path / "report.html").read_text(encoding="utf-8")
    plain = " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())
    bound, error = (one.scores[key]["part"] for key in ("information", "information_error"))
    share = percent(max(0.0, one.model.latent.codes["part"].recovered(bound)))
    row = f"part {share} {bound:.3f} ± {error:.4f} ".replace("-", "−")
    if one.kind == "categorical":
        shares = [findings.category(observation, k, 8, 0).share for k in range(4)]
        counts = np.bincount(read.probs.argmax(1), minlength=4)
        assert shares == pytest.approx((counts / 64).tolist())
        assert f"{row}H(c) = 1.386" in plain
        return
    entropy = float(PRIORS[one.kind].entropy())
    assert f"{row}none; h(c) = {entropy:.3f}" in plain
    factor = findings.factor(observation, "part")
    low, high = {"uniform": (-1, 1), "gaussian": (-3, 5), "angle": (-math.pi, math.pi)}[one.kind]
    apart = np.abs(read.mean[:, None] - np.linspace(low, high, findings.STEPS))
    if one.kind == "angle":  # the angle between two arrows
        apart = np.abs(np.angle(np.exp(1j * apart)))
    inside = apart <= (high - low) / (findings.STEPS - 1) / 2
    assert factor.counts == inside.sum(0).tolist()
    assert factor.counts == [int(n) for n in re.findall(r"</svg>(\d+)</td>", text)]
    for step, pictures in enumerate(factor.real):
        rows = [int(picture.source.partition("#")[2]) for picture in pictures]
        assert apart[rows, step] == pytest.approx(np.sort(apart[:, step])[: len(rows)], abs=1e-6)
    if one.kind == "angle":
        assert factor.counts[0] == factor.counts[-1]
        assert not any(relation.signed for relation in factor.relations)


@pytest.fixture
def opened(browser: Any, one: Trained) -> Iterator[Opened]:
    """Open the run's explorer page."""
    if not (one.path / "explorer.html").is_file():
        explorer(one.model, Run(one.path))
    with explorers(browser, one.path) as go:
        yield go


@pytest.mark.browser
def test_its_page_draws_what_sample_draws(opened: Opened, one: Trained) -> None:
    page, model = opened(), one.model
    other = {"categorical": 2, "uniform": 1.5, "gaussian": -4.0, "angle": 2.0}[one.kind]
    if one.kind == "categorical":
        page.locator("label.chip").nth(other).click()
    else:
        slider, field = (page.locator(f"#codes input[type={kind}]") for kind in ("range", "number"))
        field.fill(str(other))
        page.keyboard.press("Enter")
        low, high = (float(slider.get_attribute(end)) for end in ("min", "max"))
        swept = {"uniform": (-2, 2), "gaussian": (-7, 9), "angle": (-math.pi, math.pi)}[one.kind]
        assert (low, high) == pytest.approx(swept)
    first = shown(page, f"part {other:g}, z of seed 0".replace("-", "−"))
    assert near(first, model.sample(1, seed=0, part=other)[0])
    page.locator("#copy-json").click()
    assert re.search(rf'"part":{other:g}[,}}]', page.evaluate("window.copied"))
    drawn = np.array(page.evaluate("Array.from({ length: 4000 }, () => drawn(facts.codes[0]))"))
    expected = PRIORS[one.kind]
    if one.kind == "gaussian":  # no draw leaves the slider, which spans four standard deviations
        expected = stats.truncnorm(-4, 4, loc=1, scale=2)
    assert drawn.mean() == pytest.approx(expected.mean(), abs=5 * expected.std() / 4000**0.5)
    assert drawn.std() == pytest.approx(expected.std(), rel=0.06)


@pytest.mark.browser
def test_its_page_goes_from_one_point_to_another(opened: Opened, one: Trained) -> None:
    page = opened()
    start, end, third = {
        "categorical": (0, 3, [2 / 3, 0, 0, 1 / 3]),
        "uniform": (-0.5, 1.0, 0.0),
        "gaussian": (-1.0, 5.0, 1.0),
        "angle": (2.5, -2.5, 2.5 + (2 * math.pi - 5) / 3),
    }[one.kind]
    at = "(part) => ({ z: { seed: 0 }, values: { part } })"
    for t, value in ((1 / 3, third), (1, end)):
        found = page.evaluate(f"([a, b, t]) => mix(({at})(a), ({at})(b), t)", [start, end, t])
        assert found["values"]["part"] == pytest.approx(value, abs=1e-4)


@pytest.mark.browser
def test_its_page_reads_what_encode_reads(opened: Opened, one: Trained, images: Images) -> None:
    page = opened()
    file = io.BytesIO()
    Image.fromarray(images.pixels[5][..., 0]).save(file, "PNG")
    drop(page, file.getvalue(), "bar.png")
    page.locator(".found .number").first.wait_for()
    read = one.model.encode(images.pixels[5:6])["part"]
    texts = page.locator(".found .number").all_text_contents()
    if one.kind == "categorical":
        shares = [float(text.rstrip(" %")) / 100 for text in texts]
        assert shares == pytest.approx(sorted(read.probs[0], reverse=True), abs=0.006)
    else:
        mean, std = map(float, texts[0].replace("−", "-").split(" ± "))
        assert (mean, std) == pytest.approx((read.mean[0], read.std[0]), abs=0.011)


@pytest.mark.browser
@pytest.mark.parametrize("one", ["angle"], indirect=True)
def test_an_angle_has_no_end_in_its_page(opened: Opened, one: Trained) -> None:
    page, model = opened(), one.model
    field = page.locator("#codes input[type=number]")
    field.fill("4")  # beyond π: the same angle from the other side
    page.keyboard.press("Enter")
    assert float(field.input_value()) == pytest.approx(4 - 2 * math.pi, abs=1e-4)
    assert near(shown(page, "part −2.28"), model.sample(1, seed=0, part=4)[0])
    ends = []
    for key, words in (("Home", "part −3.14"), ("End", "part 3.14")):
        page.locator("#codes input[type=range]").focus()
        page.keyboard.press(key)
        ends.append(shown(page, words))
    assert near(*ends)
    assert near(ends[0], model.sample(1, seed=0, part=math.pi)[0])
