"""The page of a run: it says what was measured, runs nothing that it reads, and anyone can use
it."""

import dataclasses
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from conftest import begin, refused, write_record
from conftest import run as infogan
from infogan.analysis.metrics import clusters
from infogan.analysis.observation import Observation
from infogan.config.settings import RunConfig
from infogan.data import Source
from infogan.data.images import Images
from infogan.latent.codes import Angle, Code, Uniform
from infogan.latent.posterior import Posterior
from infogan.model.model import Model
from infogan.objectives import GAN
from infogan.report import animation, charts, findings, page, plots
from infogan.runs.folder import Run
from infogan.runs.names import Names

EVIL = "</script><script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"
TURNED = "\u202edesrever <b>&amp;"


@pytest.fixture(scope="module")
def hostile(trained: Path, tmp_path_factory: pytest.TempPathFactory, images: Images) -> Run:
    """A run whose folder, names, classes and files have hostile names, with its page."""
    run = Run(tmp_path_factory.mktemp("hostile") / "'; <img src=x onerror=alert(1)> \u202e")
    shutil.copytree(trained, run.path)
    names = Names(
        codes={"slant": EVIL[:80]},
        categories={"digit": {2: "<script>alert(2)</script>", 0: TURNED}},
    )
    run.write_json(run.names_file, names.tree())
    files = [f"/photos/{i}\n\udcff\u2028{EVIL}.png" for i in range(len(images))]
    bad = dataclasses.replace(images, classes=(EVIL, TURNED, "c", "</table>"), files=files)
    page.write(run, Observation(Model.load(run.path), bad, learned=bad))
    return run


Opened = Callable[..., Any]


@pytest.fixture
def opened(browser: Any, hostile: Run) -> Iterator[Opened]:
    """Open a page; at the end no error and no request but for the page itself may have happened."""
    contexts, wrong = [], []

    def go(run: Run = hostile, **options: Any) -> Any:
        contexts.append(
            browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        )
        shown = contexts[-1].new_page()
        shown.on("pageerror", lambda error: wrong.append(str(error)))
        shown.on("console", lambda message: wrong.append(message.text))
        shown.on("dialog", lambda dialog: wrong.append(dialog.message))
        address = run.report_file.as_uri()
        shown.on(
            "request",
            lambda r: (
                wrong.append(r.url) if not r.url.startswith(("data:", "blob:", address)) else 0
            ),
        )
        shown.goto(address)
        return shown

    yield go
    for context in contexts:
        context.close()
    assert wrong == []


class TestInABrowser:
    pytestmark = pytest.mark.browser

    def test_nothing_it_reads_is_run_and_all_is_shown(self, opened: Opened, hostile: Run) -> None:
        shown = opened()
        assert shown.title() == f"{hostile.path.name} – infogan"
        assert shown.locator("h1").inner_text() == hostile.path.name
        assert shown.get_by_label("Name of category 2").input_value() == "<script>alert(2)</script>"
        assert shown.get_by_label("Name of code slant").input_value() == EVIL[:80]
        table = shown.locator(".confusion").inner_text()
        assert EVIL in table
        assert TURNED in table
        assert "</table>" in table
        assert r"\udcff" in shown.locator(".real li").first.get_attribute("title")
        assert shown.locator("script").count() == 2
        assert shown.locator("img:not([src^='data:image/png;base64,'])").count() == 0

    def test_it_carries_no_way_out(self, opened: Opened) -> None:
        policy = (
            opened().locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
        )
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules["default-src"] == "'none'"
        assert rules["img-src"] == "data:"
        assert all(
            re.fullmatch(r"'sha256-[\w+/]{43}='", rules[kind])
            for kind in ("script-src", "style-src")
        )
        assert rules.keys() == {
            "default-src",
            "img-src",
            "style-src",
            "script-src",
            "base-uri",
            "form-action",
        }

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [1280, 390])
    def test_anyone_can_use_it(self, opened: Opened, scheme: str, width: int) -> None:
        """axe-core finds nothing, with the panel of names open; nothing sticks out at the side."""
        axe = pytest.importorskip(
            "axe_playwright_python.sync_playwright", reason="the browser extra is not installed"
        )
        shown = opened(
            color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True
        )
        shown.get_by_label("Name of category 1").fill("long " * 16)
        shown.get_by_text("All settings").click()
        found = axe.Axe().run(shown)
        assert found.violations_count == 0, found.generate_report()
        assert shown.evaluate("document.documentElement.scrollWidth") == width

    def test_names_are_edited_and_exported(
        self, opened: Opened, hostile: Run, tmp_path: Path
    ) -> None:
        shown = opened()
        panel = shown.get_by_role("complementary", name="Names")
        assert not panel.is_visible()
        shown.get_by_label("Name of category 1").fill("it's <b>one</b>")
        shown.get_by_label("Name of category 2").fill("")
        shown.get_by_label("Name of code slant").fill("lean")
        assert shown.locator("[data-name='digit.1']").all_inner_texts() == ["it's <b>one</b>"] * 2
        assert shown.locator("[data-name='digit.2']").first.inner_text() == "#2"
        assert "3 names changed." in panel.inner_text()
        with shown.expect_download() as download:
            panel.get_by_role("button", name="Download").click()
        saved = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
        assert download.value.suggested_filename == "names.json"
        latent = hostile.config.latent
        before = hostile.names
        wanted = before.changed("digit.1", "it's <b>one</b>", latent).changed("digit.2", "", latent)
        wanted = wanted.changed("slant", "lean", latent)
        assert Names.from_tree(saved, latent) == wanted
        copy = Run(shutil.copytree(hostile.path, tmp_path / "copy"))
        for line in (
            panel.locator("pre").inner_text().splitlines()
        ):  # what a shell makes of each line
            words = subprocess.run(
                ["sh", "-c", f'infogan() {{ printf "%s\\0" "$@"; }}; {line}'],
                capture_output=True,
                check=True,
            )
            name, folder, what, given, _ = words.stdout.decode().split("\0")
            assert (name, folder) == ("name", str(hostile.path))
            infogan("name", copy.path, what, given)
        assert copy.names == wanted
        panel.get_by_role("button", name="Undo").click()
        assert not panel.is_visible()
        assert shown.get_by_label("Name of category 2").input_value() == "<script>alert(2)</script>"

    def test_it_listens_to_the_keyboard(self, opened: Opened) -> None:
        shown = opened()
        shown.keyboard.press("Tab")
        assert shown.evaluate("document.activeElement.className") == "skip"
        fields = shown.get_by_role("textbox")
        assert fields.count() == 5  # four categories, one code
        fields.nth(0).focus()
        shown.keyboard.press("Tab")
        expected = fields.nth(1).get_attribute("aria-label")
        assert shown.evaluate("document.activeElement.getAttribute('aria-label')") == expected
        field = shown.get_by_label("Name of category 3")
        field.focus()
        shown.keyboard.type("drei")
        assert shown.locator("[data-name='digit.3']").first.inner_text() == "drei"
        shown.keyboard.press("Escape")
        assert field.input_value() == ""
        button = shown.get_by_role("button", name="Dark")
        light = shown.evaluate("getComputedStyle(document.body).backgroundColor")
        button.focus()
        shown.keyboard.press("Enter")
        assert shown.evaluate("getComputedStyle(document.body).backgroundColor") != light
        assert shown.get_by_role("button", name="Light").is_visible()

    def test_it_reads_without_scripts(self, opened: Opened) -> None:
        shown = opened(java_script_enabled=False)
        assert shown.get_by_role("heading", name="Training").is_visible()
        assert not shown.get_by_role("button", name="Dark").is_visible()


def read_page(run: Run) -> str:
    return run.report_file.read_text(encoding="utf-8")


def plain(html: str) -> str:
    """A page's text, one space between words."""
    return " ".join(
        unescape(
            re.sub(r"<[^>]+>", " ", re.sub(r"<(style|script).*?</\1>", "", html, flags=re.S))
        ).split()
    )


def test_it_says_what_was_measured(trained: Path, tmp_path: Path, images: Images) -> None:
    run, model = Run(shutil.copytree(trained, tmp_path / "run")), Model.load(trained)
    text = plain(page.write(run, Observation(model, images)).read_text(encoding="utf-8"))
    read = model.encode(images)["digit"]
    found = clusters.score(images.labels, read.value, 4, 4)
    assert f"accuracy {page.percent(found.accuracy)}," in text
    assert f"purity {page.percent(found.purity)}," in text
    assert f"ARI {found.ari:.3f}, NMI {found.nmi:.3f}" in text
    shares = np.bincount(read.value, minlength=4) / 64
    printed = [float(share) for share in re.findall(r"([\d.]+) % of the images", text)]
    assert printed == sorted((round(100 * share, 1) for share in shares), reverse=True)
    assert "6 steps of 16 images" in text
    assert "64 images of" in text


def test_pictures_are_those_that_q_put_there(trained: Path, images: Images) -> None:
    model = Model.load(trained)
    observation, read = Observation(model, images), model.encode(images)
    found = clusters.score(images.labels, read["digit"].value, 4, 4)
    order = findings.by_size(observation)
    assert (np.diff(np.bincount(read["digit"].value, minlength=4)[order]) <= 0).all()
    for category in (findings.category(observation, k, 8, 3) for k in order):
        assert np.array_equal(category.generated, model.sample(8, seed=3, digit=category.k))
        rows = [int(p.source.partition("#")[2]) for p in category.real]
        assert len(rows) == min(8, (read["digit"].value == category.k).sum())
        assert (read["digit"].value[rows] == category.k).all()
        sure = [p.confidence for p in category.real]
        assert sure == sorted(sure, reverse=True)
        assert sure == pytest.approx(read["digit"].confidence[rows])
        for picture, row in zip(category.real, rows, strict=True):
            assert np.array_equal(picture.image, images.pixels[row])
            mostly = images.classes[found.table[:, category.k].argmax()]
            assert picture.label == (
                "" if images.classes[images.labels[row]] == mostly else "abcd"[images.labels[row]]
            )
    factor = findings.factor(observation, "slant")
    values = np.linspace(-1, 1, findings.STEPS)
    mean = read["slant"].mean
    assert factor.counts == [int((abs(mean - value) <= 0.1).sum()) for value in values]
    for value, near in zip(values, factor.real, strict=True):
        off = [abs(mean[int(p.source.partition("#")[2])] - value) for p in near]
        assert off == pytest.approx(sorted(abs(mean - value))[: len(off)])
        assert len(off) == min(findings.ROWS, (abs(mean - value) <= 0.1).sum())


def test_what_was_copied_stands_beside_its_original(
    trained: Path, images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, pixels = Model.load(trained), images.pixels.astype(int)
    made = model.sample(findings.PAIRS).astype(int)
    apart = ((made[:, None] - pixels[None]) ** 2).sum((2, 3, 4))
    monkeypatch.setattr(findings, "CHUNK", 7)
    found = findings.nearest(Observation(model, images, learned=images))
    assert [source for *_, source in found] == [images.source(i) for i in apart.argmin(1)]
    rows = np.arange(findings.PAIRS) * 3
    monkeypatch.setattr(Model, "sample", lambda *_, **__: images.take(rows))
    copies = findings.nearest(Observation(model, images, learned=images))
    assert all(np.array_equal(made, real) for made, real, _ in copies)
    assert findings.nearest(Observation(model, images)) == []


def test_the_page_says_how_much_is_covered(trained: Path, images: Images, tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    shutil.copytree(trained, run.path)
    shares = {"precision": 0.875, "recall": 0.25, "coverage": 1.0, "density": 0.5}
    scores = {"features": "classifier-mnist", "n": 1234, "fd": 12.345, "kd": -0.0123} | shares
    run.write_json(run.scores_file, {"fidelity": scores | {"recall_of": {"a": 0.5, "b": 0.125}}})
    model = Model.load(run.path)
    text = page.write(run, Observation(model, images, learned=images)).read_text()
    section = text[text.index('id="generated"') : text.index('id="training"')]
    for words in ("87.5 %", "25.0 %", "12.3", "−0.012", "1,234", "classifier-mnist", "b (12.5 %)"):
        assert words in section, words
    assert "did not learn from" not in section  # these were given as an array, and none held out
    assert section.count('alt="generated"') == findings.PAIRS
    alone = page.write(run, Observation(model, None)).read_text()
    assert 'class="pairs"' not in alone


def test_images_are_encoded_once_for_figures_and_page(
    trained: Path, tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, model = Run(shutil.copytree(trained, tmp_path / "run")), Model.load(trained)
    observation, encode = Observation(model, images), Mock(wraps=model.encode)
    monkeypatch.setattr(model, "encode", encode)
    plots.run_figures(run, observation)
    page.write(run, observation)
    assert encode.call_count == 1


def test_the_figure_of_categories_holds_what_the_page_chooses(
    trained: Path, tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows in order of number: generated images on the left, real ones of that category beside."""
    observation, grids = Observation(Model.load(trained), images), list[Any]()
    monkeypatch.setattr(plots, "_grid", lambda _, grid, columns, rows: grids.append((grid, rows)))
    plots.categories(observation, tmp_path / "categories.png")
    (generated, left), (real, right) = grids
    assert left == [f"digit={k}" for k in range(4)]
    for k in range(4):
        category = findings.category(observation, k, plots.EACH, 0)
        assert np.array_equal(generated[k], category.generated)
        shown = [picture.image for picture in category.real]
        assert np.array_equal(real[k, : len(shown)], shown)
        assert (real[k, len(shown) :] == 255).all()
        assert right[k] == f"{category.share:.0%}"


def test_only_a_categorical_code_has_a_ceiling(
    trained: Path, tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, model = Run(shutil.copytree(trained, tmp_path / "run")), Model.load(trained)
    assert findings.ceilings(model) == {"digit": pytest.approx(np.log(4))}
    figures = list[Any]()
    monkeypatch.setattr(plots, "write", lambda figure, *_: figures.append(figure))
    bounds = findings.curves(model, run.metrics(), "L_I/")
    plots.information(bounds, findings.ceilings(model), tmp_path / "information.png")
    lines = {line.get_label(): line for line in figures[0].axes[0].get_lines()}
    assert lines.keys() == {"digit", "slant", "H(digit), its ceiling"}
    assert list(lines["H(digit), its ceiling"].get_ydata()) == pytest.approx([np.log(4)] * 2)
    assert list(lines["slant"].get_ydata()) == [line["L_I/slant"] for line in run.metrics()]
    scores = {"information": {"digit": 1.25, "slant": 2.0}, "information_error": {"slant": 0.01}}
    run.write_json(run.scores_file, scores)
    text = page.write(run, Observation(model, images)).read_text(encoding="utf-8")
    assert text.count('class="level') == 1
    assert "digit 90.2 % 1.250 ± 0.0000 H(c) = 1.386 slant 98.7 % 2.000 ± 0.0100 none;" in plain(
        text
    )


def test_a_learned_prior_is_among_the_facts(
    tiny: RunConfig, images: Images, tmp_path: Path
) -> None:
    run = Run(tmp_path / "run")
    begin(run, tiny.replace(latent={"digit": {"probs": "learned"}}))
    run.close()
    model = Model(run.config, images.shape)
    model.priors = {"digit": torch.tensor([0.5, 0.25, 0.125, 0.125])}
    text = plain(page.write(run, Observation(model, None)).read_text(encoding="utf-8"))
    assert "learned prior of digit 50.0 %, 25.0 %, 12.5 %, 12.5 %" in text


@pytest.mark.parametrize(
    ("code", "values", "texts"),
    [
        (Uniform(), [-1, -0.5, 0, 0.5, 1], ["−1.0", "−0.5", "0", "+0.5", "+1.0"]),
        (Uniform(0, 0.1), [0, 0.05, 0.1], ["0", "+0.05", "+0.10"]),
        (Uniform(), [0.3], ["+0.3"]),
        (Angle(), [-np.pi, 0, np.pi / 3], ["−180°", "0°", "60°"]),
    ],
)
def test_swept_values_can_be_told_apart(code: Code, values: list[float], texts: list[str]) -> None:
    assert charts.swept(code, values) == texts


def test_a_mosaic_leaves_white_between(images: Images) -> None:
    sheet = plots.mosaic(images.pixels[:6].reshape(2, 3, 16, 16, 1), gap=2)
    assert sheet.shape == (34, 52, 1)
    assert np.array_equal(sheet[18:, 36:], images.pixels[5])
    assert (sheet[16:18] == 255).all() and (sheet[:, 34:36] == 255).all()
    assert plots.mosaic(images.pixels[:6].reshape(2, 3, 16, 16, 1), gap=0).shape == (32, 48, 1)


def test_a_figure_fits_into_a_file_however_many_categories_there_are() -> None:
    figure = plots.new_figure(9, 5000)
    assert max(figure.get_size_inches()) * figure.dpi < 1 << 16


def test_relations_are_found() -> None:
    rng = np.random.default_rng(0)
    level = rng.integers(0, 200, 300)
    pixels = np.clip(
        level[:, None, None, None] + rng.integers(0, 3, (300, 16, 16, 1)), 0, 255
    ).astype(np.uint8)
    images = Images(pixels, (level > 100).astype(np.int64), ("dark", "bright"))
    related = {r.what: r for r in findings.related(-np.exp(level / 50.0), images, {})}
    assert related["brightness"].strength == pytest.approx(
        -1, abs=0.01
    )  # ranks: the exponential does not matter
    assert related["brightness"].signed
    assert 0.6 < related["class of the image"].strength < 1
    assert findings.related(np.ones(300), images, {}) == []
    noise = findings.correlation_ratio(rng.normal(size=(3000, 2)), rng.integers(0, 3, 3000))
    assert 0 <= noise < 0.1
    known = np.array([[1.0], [5.0], [9.0]])  # of two groups, one of which is unknown
    assert findings.correlation_ratio(known, np.array([0, 0, -1])) == 0


def test_relations_of_an_angle_have_no_sign_and_no_end() -> None:
    """A turn of the angle changes none of them; a property that runs around is found."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(-np.pi, np.pi, 600)
    level = 100 + 60 * np.cos(angle + 2.5) + rng.normal(0, 5, 600)
    pixels = np.repeat(level, 64).astype(np.uint8).reshape(600, 8, 8, 1)
    images = Images(pixels, (np.sin(angle) > 0).astype(np.int64), ("down", "up"))
    slope, turn = (
        Posterior(mean, np.zeros(600, np.float32), mean=mean)
        for mean in (level.astype(np.float32), angle.astype(np.float32))
    )
    others = {"slope": (Uniform(), slope)}
    found = {r.what: r for r in findings.related(turn.mean, images, others, True)}
    turned = np.angle(np.exp(1j * (turn.mean + 2)))
    again = {r.what: r for r in findings.related(turned, images, others, True)}
    assert found.keys() == again.keys() == {"brightness", "slope", "class of the image"}
    assert not any(relation.signed for relation in found.values())
    assert found["brightness"].strength > 0.95
    # half of the variance of (cos, sin) is that of sin, of which 8 / π² lies between halves
    assert found["class of the image"].strength == pytest.approx(2 / np.pi, abs=0.03)
    for name, relation in found.items():
        assert again[name].strength == pytest.approx(relation.strength, abs=1e-6)
    of_slope = findings.related(slope.mean, images, {"turn": (Angle(), turn)})
    line = {relation.what: relation for relation in of_slope}
    assert line["turn"].strength == pytest.approx(found["slope"].strength, abs=1e-6)


def test_a_page_begins_with_what_a_code_looks_like(
    trained: Path, images: Images, tmp_path: Path
) -> None:
    run, model = Run(shutil.copytree(trained, tmp_path / "run")), Model.load(trained)
    found = {"sweeps": {"slant": -0.914, "width": 0.95}, "real": {"slant": -0.8, "width": 0.5}}
    for own, words in (
        ("slant", "slant : rank correlation −0.91 over generated sweeps, −0.80 over real images,"),
        (None, "of its own : nearest is width: rank correlation +0.95 over generated sweeps"),
    ):
        run.write_json(run.scores_file, {"continuous": {"slant": found | {"looks_like": own}}})
        assert words in plain(
            page.write(run, Observation(model, images)).read_text(encoding="utf-8")
        )
    run.scores_file.unlink()
    assert "Looks like" not in plain(
        page.write(run, Observation(model, images)).read_text(encoding="utf-8")
    )


def test_a_sweep_that_plays_repeats_no_frame(tiny: RunConfig, tmp_path: Path) -> None:
    latent = {"digit": "categorical:3", "slant": "uniform:-1:1", "turn": "angle"}
    model = Model(tiny.replace(latent=latent), (16, 16, 1))
    for weight in model.g.parameters():
        weight.data.mul_(4)  # so that images of different codes differ
    for name, expected in (("digit", 3), ("slant", 5 + 3), ("turn", 4)):
        animation.sweep(model, name, tmp_path / "sweep.webp", rows=2, steps=5)
        with Image.open(tmp_path / "sweep.webp") as moving:
            frames = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(moving)]
        assert len(frames) == expected, name
        following = zip(frames, frames[1:] + frames[:1], strict=True)
        assert all((now != then).any() for now, then in following), name


def test_beyond_what_was_trained_is_marked(images: Images, tiny: RunConfig) -> None:
    wide = tiny.replace(latent={"slant": {"kind": "uniform", "sweep": [-2, 2]}, "size": "gaussian"})
    model = Model(wide, images.shape)
    slant, size = (findings.factor(Observation(model, None), name) for name in ("slant", "size"))
    assert [inside for _, inside in slant.steps].count(False) == 6
    assert all(inside for _, inside in size.steps)


@pytest.mark.parametrize(
    "latent",
    [{}, {"digit": "none", "slant": "none"}, {"digit": "none"}, {"digit": "categorical:60"}],
)
def test_every_model_has_a_page(
    tiny: RunConfig, trained: Path, images: Images, tmp_path: Path, latent: dict[str, str]
) -> None:
    """A GAN whose Q is a probe, one without any code, one without categories, one with too many to
    show; with labels, without, and without images; with a log and without."""
    run = Run(tmp_path / "run")
    begin(run, tiny.replace(objective=GAN(), augment=None, latent=latent))
    run.close()
    model = Model(run.config, images.shape)
    for given in (
        images,
        dataclasses.replace(images, labels=np.empty(0, np.int64), classes=()),
        None,
    ):
        text = plain(
            page.write(run, Observation(model, given), ["a note"]).read_text(encoding="utf-8")
        )
        assert ("Losses" in text) == run.metrics_file.is_file()
        assert "a note" in text
        assert ("Categories of" in text) == ("digit" in model.latent.codes)
        assert ("Continuous codes" in text) == ("slant" in model.latent.codes)
        assert ("20 smaller categories are not shown" in text) == (
            latent.get("digit") == "categorical:60"
        )
        assert ("Agreement" in text) == (given is images and latent == {})
        shutil.copy(trained / "metrics.jsonl", run.path)


def test_a_model_that_reads_no_codes_has_a_page(
    trained: Path, images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of an objective whose D has another head: the page shows what G makes of each category."""
    run, model = Run(shutil.copytree(trained, tmp_path / "run")), Model.load(trained)
    monkeypatch.setattr(Model, "readings", ())
    text = plain(page.write(run, Observation(model, images)).read_text(encoding="utf-8"))
    assert "Categories of" in text
    assert "of the images" not in text
    assert "Agreement" not in text


def test_the_command_writes_it(
    done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (done / "report.html").is_file()  # train's own
    run = Run(shutil.copytree(done, tmp_path / "run"))
    run.report_file.unlink()
    infogan("name", run.path, "digit.2", "zwei")
    capsys.readouterr()
    infogan("report", run.path, "--split", "all")
    assert capsys.readouterr().out == f"{run.report_file}\n"
    text = read_page(run)
    assert 'value="zwei"' in text
    assert "64 of " in plain(text)
    assert "no test split" in refused(capsys, "report", run.path, "--split", "test")
    moved = json.loads(run.config_file.read_text())
    moved["data"]["name"] = str(tmp_path / "gone")
    run.config_file.write_text(json.dumps(moved))
    infogan("report", run.path)  # from where they were
    assert "64 images" not in capsys.readouterr().err
    write_record(run.path, source=Source(name=str(tmp_path / "gone")))
    before = run.report_file.read_bytes()
    assert "shows real images, and is kept" in refused(capsys, "report", run.path)
    assert run.report_file.read_bytes() == before
    run.report_file.unlink()
    infogan("report", run.path)
    assert "gone: no such file or folder" in capsys.readouterr().err
    assert "Without real images" in plain(read_page(run))
    assert "data:image/png" in read_page(run)


def test_labels_of_curves_do_not_touch() -> None:
    """As near to their curves as can be, in the same order, within the plane."""
    assert charts.apart([100, 10, 200]) == [100, 10, 200]
    heights = [100, 101, 99, 220, 219, 0]
    placed = charts.apart(heights)
    order = np.argsort(heights, kind="stable")
    assert (np.diff(np.array(placed)[order]) >= charts.LABEL).all()
    assert min(placed) >= 0
    assert max(placed) <= charts.HEIGHT


@pytest.mark.parametrize(
    "ends", [(0, 1), (-0.3, 2.31), (0, 1500), (-6.1, 2.7), (0, 0), (0.999, 1.001), (0, 3e-7)]
)
def test_ticks_are_round_and_cover(ends: tuple[float, float]) -> None:
    ticks = charts.ticks(*ends, 5)
    assert ticks[0] <= ends[0] + 1e-9
    assert ticks[-1] >= ends[1] - 1e-9
    assert 2 <= len(ticks) <= 8
    step = ticks[1] - ticks[0]
    assert float(f"{step:.0e}"[0]) in (1, 2, 5)
    assert np.diff(ticks) == pytest.approx(step)


def test_a_chart_is_where_its_numbers_are() -> None:
    drawn = charts.chart(
        {"a": [(0, 0.0), (5, np.nan), (10, 2.0)], "b": []}, {"a": 9, "b": 0}, {"a": 1.0}
    )
    (curve,) = drawn.curves
    assert [tuple(map(float, p.split(","))) for p in curve.points.split()] == [
        (0, charts.HEIGHT),
        (1000, 0),
    ]
    assert curve.ceiling == charts.HEIGHT / 2
    assert (curve.colour, curve.last) == (1, "2.00")
    assert drawn.x_ticks[-1] == (100, "10")
    assert charts.chart({}, {}).curves == []
    many = charts.chart({"a": [(i, float(i)) for i in range(5001)]}, {"a": 0})
    assert many.curves[0].points.count(" ") < charts.MOST_POINTS
    assert many.curves[0].last == "5000.00"


@pytest.mark.parametrize(
    ("width", "shown"), [(16, (4, 8)), (28, (2, 10)), (56, (1, 10)), (64, (1, 8)), (128, (0.5, 8))]
)
def test_tiles_fit(width: int, shown: tuple[float, int]) -> None:
    assert findings.tiles(width) == shown
