"""The explorer in a real browser: it shows what the model says, by mouse, keyboard or touch, on any
screen, and asks the network nothing."""

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from browsing import Opened, drop, explorers, near, pixels, shown
from conftest import begin
from infogan.cli import main
from infogan.config.settings import RunConfig
from infogan.data.images import Images
from infogan.explorer.page import explorer, noises
from infogan.explorer.page import page as explorer_page
from infogan.model.model import Model
from infogan.runs.folder import Run

sync_api = pytest.importorskip("playwright.sync_api", reason="the browser extra is not installed")
pytestmark = pytest.mark.browser
HOSTILE = "</script><script>document.title=1</script><img src=x onerror=document.title=1>"
expect = sync_api.expect


@pytest.fixture(scope="module")
def run(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run whose folder and names are of the worst kind, with its page."""
    folder = tmp_path_factory.mktemp("explore") / "a<b>&\"'<img src=x onerror=document.title=1>"
    shutil.copytree(trained, folder)
    names = {
        "codes": {"slant": HOSTILE},
        "categories": {"digit": {"3": "seven \u202e" + HOSTILE[:60]}},
    }
    (folder / "names.json").write_text(json.dumps(names))
    explorer(Model.load(folder), Run(folder))
    return folder


@pytest.fixture
def opened(browser: Any, run: Path) -> Iterator[Opened]:
    """Open an explorer page, that of the hostile run if no other is named."""
    with explorers(browser, run) as go:
        yield go


def test_the_controls_change_the_picture_as_sample_says(
    opened: Opened, run: Path, tmp_path: Path
) -> None:
    page, model = opened(), Model.load(run)
    first = shown(page, "digit 0, .* 0, z of seed 0")
    assert near(first, model.sample(1, seed=0, digit=0, slant=0)[0])
    page.locator("#seed").fill("17")
    page.keyboard.press("Enter")
    page.locator("label.chip").nth(2).click()
    slider = page.locator("#codes input[type=range]")
    slider.focus()
    for _ in range(6):
        page.keyboard.press("PageUp")
    value = float(slider.input_value())
    assert 0.5 < value <= 2
    expected = model.sample(1, seed=17, digit=2, slant=value)[0]
    assert not near(first, expected)
    assert near(shown(page, f"digit 2, .* {value:g}, z of seed 17"), expected)
    # the line below the image makes the same image
    words = page.locator("#command").text_content().split(" -n ")[1].split()
    assert "digit=#2" in words  # "2" may be the name of another category
    main(["sample", str(run), "-n", *words[:-1], str(tmp_path / "image.png")])
    with Image.open(tmp_path / "image.png") as image:
        factor = image.width // 16
        drawn = np.asarray(image)[factor // 2 :: factor, factor // 2 :: factor, None]
    assert near(shown(page, "seed 17"), drawn)


LOOK = """
window.holes = window.seen = 0;
requestAnimationFrame(function look() {
  const main = document.querySelector("main[aria-busy]");
  if (main && main.checkVisibility({ visibilityProperty: true }))
    for (const canvas of main.querySelectorAll("canvas")) {
      if (!canvas.checkVisibility()) continue;
      const shown = new OffscreenCanvas(1, 1).getContext("2d");
      shown.drawImage(canvas, 0, 0);
      window.seen += 1;
      window.holes += shown.getImageData(0, 0, 1, 1).data[3] === 0;
    }
  requestAnimationFrame(look);
});
"""
"""Counts the empty ones among the canvases that each frame shows."""


@pytest.mark.parametrize("hash", ["", "#seed=17&digit=2&slant=0.5"])
def test_no_frame_has_a_hole(opened: Opened, run: Path, hash: str) -> None:
    """Not while the networks start, and not as the page goes to the point of its address."""
    page = opened(script=LOOK, hash=hash)
    model = Model.load(run)
    if hash:
        found, point = shown(page, "digit 2, .* 0.5, z of seed 17"), {"digit": 2, "slant": 0.5}
        assert near(found, model.sample(1, seed=17, **point)[0])
    else:
        assert near(shown(page, "z of seed 0"), model.sample(1, seed=0, digit=0, slant=0)[0])
    assert page.evaluate("window.seen") > 30
    assert page.evaluate("window.holes") == 0


def test_the_stills_are_of_the_first_picture(opened: Opened, run: Path) -> None:
    """All that is seen where the networks never run, and what is shown of a point gone to there."""
    page, model = opened(script="delete window.WebAssembly;", ready=False), Model.load(run)
    expect(page.locator("#status")).to_contain_text("no WebAssembly")
    assert near(pixels(page.locator("#image")), model.sample(1, seed=0, digit=0, slant=0)[0])

    def like(canvas: Any, **codes: float) -> bool:
        """Whether it is nearer to what G makes of the codes than to whatever else it makes."""
        every = [{"digit": float(k), "slant": s} for k in range(4) for s in (-2, -1, 0, 1, 2)]
        every.sort(key=lambda own: own != codes)
        images = [model.sample(1, seed=0, **own)[0] for own in every]
        apart = [np.abs(pixels(canvas) - image.astype(float)).mean() for image in images]
        return bool(np.argmin(apart) == 0)

    for k in range(4):
        assert like(page.locator("label.chip canvas").nth(k), digit=k, slant=0), k
    for i in range(5):
        strip = page.locator(".slider .strip canvas").nth(2 * i)
        assert like(strip, digit=0, slant=i - 2), i
        for k in range(4):
            cell = page.locator(".grid tbody tr").nth(i).locator("canvas").nth(k)
            assert like(cell, digit=k, slant=i - 2), (i, k)
    page.locator("label.chip").nth(3).click()
    assert like(page.locator("#image"), digit=3, slant=0)


def test_the_axes_of_the_grid_change_places(opened: Opened, run: Path) -> None:
    page, model = opened(), Model.load(run)
    page.locator("#axis-y").select_option("digit")
    assert page.locator("#axis-x").input_value() == "slant"
    page.locator(".grid tbody tr").nth(2).locator("button").nth(8).click()
    assert near(shown(page, "digit 2, .* 2,"), model.sample(1, seed=0, digit=2, slant=2)[0])


def test_small_images_show_what_their_place_says(opened: Opened, run: Path) -> None:
    page, model = opened(), Model.load(run)
    page.locator("label.chip").nth(1).click()
    shown(page, "digit 1")
    cell = page.locator(".grid tbody tr").nth(2).locator("button").nth(3)
    for name, canvas, codes in (
        ("chip", page.locator("label.chip canvas").nth(2), {"digit": 2, "slant": 0}),
        ("strip", page.locator(".slider .strip canvas").nth(8), {"digit": 1, "slant": 2}),
        ("cell", cell.locator("canvas"), {"digit": 3, "slant": 0}),
    ):
        expected = model.sample(1, seed=0, **codes)[0]
        page.wait_for_timeout(300)
        assert near(pixels(canvas), expected), name
    cell.click()
    assert near(shown(page, "digit seven"), model.sample(1, seed=0, digit=3, slant=0)[0])
    expect(cell).to_have_attribute("aria-pressed", "true")


def test_lock_undo_and_the_keyboard(opened: Opened) -> None:
    page = opened()
    page.keyboard.press("Tab")  # the first stop is the first action
    assert page.evaluate("document.activeElement.id") == "new-z"
    page.keyboard.press("Enter")
    seed = page.locator("#seed").input_value()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator("#new-z").is_disabled()
    page.locator("#random").press("Enter")
    assert page.locator("#seed").input_value() == seed
    page.locator("input[name=code-digit]:checked").focus()
    was = int(page.locator("input[name=code-digit]:checked").input_value())
    page.keyboard.press("ArrowRight")
    now = (was + 1) % 4
    assert page.locator("input[name=code-digit]:checked").input_value() == str(now)
    shown(page, "digit (seven|[0-2])")
    page.keyboard.press("Control+z")
    assert page.locator("input[name=code-digit]:checked").input_value() == str(was)
    page.keyboard.press("Control+Shift+Z")
    assert page.locator("input[name=code-digit]:checked").input_value() == str(now)
    page.locator("#tab-grid").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#between")).to_be_visible()
    expect(page.locator("#grid")).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "tab-between"


def test_between_two_points(opened: Opened, run: Path, tmp_path: Path) -> None:
    page, model = opened(), Model.load(run)
    page.locator("#tab-between").click()
    page.locator("#between input[type=range]").fill("0.3")
    found = shown(page, "between")
    page.locator("#copy-json").click()
    point = json.loads(page.evaluate("window.copied"))
    assert point["codes"]["digit"] == pytest.approx([0.7, 0.3, 0, 0])
    a, b = noises(model.latent)[:2].astype(float)
    angle = np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    on_the_arc = (np.sin(0.7 * angle) * a + np.sin(0.3 * angle) * b) / np.sin(angle)
    assert point["noise"] == pytest.approx(on_the_arc, abs=1e-5)
    assert page.evaluate("facts.normal = false, arc([1, 0], [0, 1], 0.3)") == pytest.approx(
        [0.7, 0.3]
    )  # uniform z
    assert near(found, model.generate(model.latent.point(point).vector())[0])
    (tmp_path / "point.json").write_text(json.dumps(point))
    assert "--point point.json" in page.locator("#command").text_content()
    main(
        [
            "sample",
            str(run),
            "--point",
            str(tmp_path / "point.json"),
            "-o",
            str(tmp_path / "image.png"),
        ]
    )
    with Image.open(tmp_path / "image.png") as image:
        factor = image.width // 16
        assert near(found, np.asarray(image)[::factor, ::factor, None])
    page.get_by_role("button", name="Go to point B").click()
    shown(page, "digit 1, .* z of seed 1$")


def test_a_dropped_image_is_read_as_encode_reads_it(
    opened: Opened, run: Path, images: Images
) -> None:
    page, model = opened(), Model.load(run)
    file = io.BytesIO()
    Image.fromarray(images.pixels[5][..., 0]).save(file, "PNG")
    drop(page, b"no image", HOSTILE)
    expect(page.locator("#read [role=status]")).to_contain_text(
        "no image that the browser can read"
    )
    drop(page, file.getvalue(), "bar.png")
    status = page.locator("#read [role=status]")
    expect(status).to_contain_text(re.compile(r"nearest of \d+ z"), timeout=20_000)
    tried = int(
        re.findall(r"of (\d+) z", status.text_content())[0]
    )  # all of them, unless the machine is very busy
    rows = [
        row.split("|")
        for row in page.locator(".found p").evaluate_all(
            "rows => rows.map(row => [...row.children].map(part => part.textContent).join('|'))"
        )
    ]
    read = model.encode(images.pixels[5:6])
    assert (
        abs(read["slant"].mean[0] - read["slant"].std[0]) > 0.1
    )  # or mean and sigma would look alike
    by_probability = np.argsort(-read["digit"].probs[0], kind="stable")
    for (_, _, percent), k in zip(rows[:4], by_probability, strict=True):
        assert float(percent.rstrip(" %")) / 100 == pytest.approx(
            read["digit"].probs[0, k], abs=0.006
        )
    mean, std = map(float, rows[4][2].replace("−", "-").split(" ± "))
    assert (mean, std) == pytest.approx((read["slant"].mean[0], read["slant"].std[0]), abs=0.011)
    # the reconstruction is the best of all seeds, and its codes can be taken over
    codes = {"digit": int(by_probability[0]), "slant": float(np.clip(round(mean, 2), -2, 2))}
    columns = torch.cat([model.latent.columns(name, value) for name, value in codes.items()])
    held = torch.from_numpy(noises(model.latent)[:tried])
    every = model.generate(torch.cat([held, columns.expand(len(held), -1)], 1)).astype(float)
    best = int(((every - images.pixels[5]) ** 2).sum((1, 2, 3)).argmin())
    page.get_by_role("button", name="Use codes").click()
    assert int(page.locator("#seed").input_value()) == best
    assert page.locator("input[name=code-digit]:checked").input_value() == str(codes["digit"])


@pytest.mark.parametrize("kind", ["semigan", "acgan", "catgan"])
def test_a_class_is_read_by_its_name(
    opened: Opened, tiny: RunConfig, images: Images, tmp_path: Path, kind: str
) -> None:
    """Where D has a head for classes: names and probabilities as encode has them; acgan's class is
    also G's code."""
    conditional = kind == "acgan"
    latent = {"slant": "none"} if conditional else {"digit": "none", "slant": "none"}
    labelled = {"labels": "all"} if kind != "catgan" else {}
    objective = {"kind": kind} | ({} if labelled else {"k": 4})
    config = tiny.replace(objective=objective, latent=latent, **labelled)
    run, classes = (
        Run(tmp_path / kind),
        ("cat", "dog <b>", HOSTILE, "\u202eowl") if labelled else (),
    )
    model = Model(config, (16, 16, 1), classes)
    with torch.no_grad():
        model.d.heads.get_parameter("class.weight").mul_(20)  # so that it is sure of something
    begin(run, config)
    run.close()
    model.save(run.weights_file)
    if kind == "catgan":
        run.write_json(run.names_file, {"categories": {"class": {"1": "dog <b>"}}})
    explorer(Model.load(run.path), run)
    page = opened(run.path)
    file = io.BytesIO()
    Image.fromarray(images.pixels[5][..., 0]).save(file, "PNG")
    drop(page, file.getvalue(), "bar.png")
    expect(page.locator("#read > [role=status]")).to_contain_text(
        re.compile(r"nearest of \d+ z"), timeout=20_000
    )
    probs = model.encode(images.pixels[5:6])["class"].probs[0]
    names = classes or ("0", "dog <b>", "2", "3")
    assert page.locator(".found .name").all_text_contents() == [
        f"class {names[k]}" for k in np.argsort(-probs)
    ]
    shares = [
        float(text.rstrip(" %")) / 100
        for text in page.locator(".found .number").all_text_contents()
    ]
    assert shares == pytest.approx(sorted(probs, reverse=True), abs=6e-4)
    page.get_by_role("button", name="Use codes" if conditional else "Use z").click()
    if conditional:
        assert page.locator("input[name=code-digit]:checked").input_value() == str(
            int(probs.argmax())
        )


def test_one_can_draw(opened: Opened) -> None:
    page = opened()
    page.locator("#tab-read").click()
    box = page.locator(".pad").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 70, steps=5)
    page.mouse.up()
    expect(page.locator(".found p")).to_have_count(5)
    page.keyboard.press("Escape")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violations(opened: Opened, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(color_scheme=scheme)
    for tab in ("grid", "between", "read"):
        page.locator(f"#tab-{tab}").click()
        found = axe.run(page).response["violations"]
        assert not found, [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found]


def test_names_are_shown_and_never_run(opened: Opened) -> None:
    page = opened()
    for tab in ("grid", "between", "read"):
        page.locator(f"#tab-{tab}").click()
    assert page.locator("h1").text_content().startswith("a<b>&\"'<img")
    assert page.locator("#codes .slider .name").text_content() == HOSTILE
    assert page.locator("label.chip").nth(3).text_content().startswith("seven \u202e</script>")
    assert page.locator("img:not(#stills), script[src]").count() == 0
    assert page.title().startswith("a<b>")


@pytest.mark.parametrize(
    "hash",
    [
        "#slant=1e308&digit=NaN&seed=-5",
        "#slant=text&digit=99&seed=1e99",
        "#%00=%ff&digit",
        "#seed=&slant=Infinity",
    ],
)
def test_whatever_an_address_says(opened: Opened, hash: str) -> None:
    page = opened(hash=hash)
    shown(page, "z of seed (0|999)$")
    assert -2 <= float(page.locator("#codes input[type=range]").input_value()) <= 2
    field = page.locator("#codes input[type=number]")
    field.fill("1e308")
    page.keyboard.press("Enter")
    assert field.input_value() == "2"
    field.fill("")
    page.keyboard.press("Enter")
    assert field.input_value() == "2"


@pytest.mark.parametrize("missing", ["WebAssembly", "DecompressionStream"])
def test_a_browser_that_lacks_something_is_told_so(opened: Opened, missing: str) -> None:
    page = opened(script=f"delete window.{missing};", ready=False)
    expect(page.locator("#status")).to_contain_text(f"no {missing}")
    expect(page.locator("#status")).to_be_visible()


def test_an_older_browser(opened: Opened, run: Path) -> None:
    """Without Uint8Array.fromBase64 the page decodes by another way."""
    page = opened(script="delete Uint8Array.fromBase64;")
    assert near(shown(page, "z of seed 0"), Model.load(run).sample(1, seed=0, digit=0, slant=0)[0])


def test_scripts_are_off(opened: Opened) -> None:
    page = opened(ready=False, java_script_enabled=False)
    expect(page.locator("noscript p")).to_contain_text("scripts are off")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844), (320, 568)])
def test_layout(opened: Opened, width: int, height: int) -> None:
    """Nothing jumps while the page starts, nothing is wider than the screen, and image and controls
    are seen together."""
    page = opened(viewport={"width": width, "height": height})
    page.wait_for_timeout(500)
    assert page.evaluate("window.shift") < 0.02
    for tab in ("between", "read", "grid"):
        page.locator(f"#tab-{tab}").click()
        inside = page.locator(f"#{tab}").evaluate("panel => panel.scrollWidth - panel.clientWidth")
        assert (page.evaluate("document.documentElement.scrollWidth"), inside) <= (width, 0), tab
    image = page.locator("#image").bounding_box()
    assert min(image["width"], image["height"]) > 150
    slider = page.locator("#codes input[type=range]")
    slider.scroll_into_view_if_needed()
    above, below = (
        page.locator(part).bounding_box() for part in ("#image", "#codes input[type=range]")
    )
    assert above["y"] >= 0
    assert below["y"] + below["height"] <= height
    assert width > 900 or above["y"] + above["height"] < below["y"]


def test_ten_categories_fit_a_page_of_1200_pixels(
    opened: Opened, tiny: RunConfig, tmp_path: Path
) -> None:
    ten = tiny.replace(latent={"digit": {"k": 10}}, networks={"channels": (4,), "features": 8})
    content = explorer_page(Model(ten, (28, 28, 1), ()).eval(), Run(tmp_path / "run"))
    (tmp_path / "explorer.html").write_bytes(content)
    page = opened(path=tmp_path, viewport={"width": 1200, "height": 900})
    page.wait_for_timeout(300)
    inside = page.locator("#grid .scroll").evaluate("e => e.scrollWidth - e.clientWidth")
    assert inside <= 0
    tops = page.locator("label.chip").evaluate_all("a => a.map(e => e.getBoundingClientRect().top)")
    assert len(tops) == 10 and len(set(tops)) == 1  # in one row


@pytest.mark.slow
def test_a_run_without_codes_and_one_in_colour(
    opened: Opened, tiny: RunConfig, tmp_path: Path
) -> None:
    plain = tiny.replace(latent={"digit": "none", "slant": "none"}, objective={"kind": "gan"})
    colour = tiny.replace(latent={"noise": 0, "digit": "categorical:70", "slant": "gaussian:1:2"})
    for name, config, shape in (("plain", plain, (16, 16, 1)), ("colour", colour, (20, 33, 3))):
        run, model = Run(tmp_path / name), Model(config, shape)
        begin(run, config)
        run.close()
        model.save(run.weights_file)
        explorer(model, run)
        page = opened(run.path)
        if name == "plain":
            assert near(shown(page, "z of seed 0"), model.sample(1)[0])
            page.locator(".grid tbody tr").nth(1).locator("button").nth(2).click()
            assert near(shown(page, "z of seed 12"), model.sample(1, seed=12)[0])
            page.locator("#tab-read").click()
            expect(page.locator("#read")).to_contain_text("trained no Q")
        else:
            page.locator("#value-digit").fill("68")
            page.keyboard.press("Enter")
            assert near(shown(page, "digit 68, slant 1"), model.sample(1, digit=68, slant=1)[0])
            expect(page.locator("#new-z")).to_be_hidden()
