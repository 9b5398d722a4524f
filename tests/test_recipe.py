"""Settings that are chosen by a look at the images."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import refused, run
from infogan.cli.train import _named, resolve
from infogan.config.presets import DRAWINGS, IMAGES
from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError, DataError
from infogan.data import Source
from infogan.data.folder import survey
from infogan.pipeline.recipe import FEW, MANY, WEAK, recipe, sides


def pictures(folder: Path, n: int, size: tuple[int, int], colour: bool) -> Path:
    """n noisy pictures of a size (width, height)."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(n):
        pixels = rng.integers(0, 255, (size[1], size[0], 3 if colour else 1), np.uint8)
        Image.fromarray(pixels if colour else pixels[..., 0]).save(folder / f"{i}.png")
    return folder


def test_colour_and_size_decide(tmp_path: Path) -> None:
    colour = pictures(tmp_path / "colour", 12, (100, 90), colour=True)
    config, why = recipe(Source(name=str(colour)))
    assert config == IMAGES.replace(data={"name": str(colour), "size": (64, 64)})
    assert "12 colour images of about 90x100 pixels" in why
    assert "scaled to 64x64" in why
    grey = pictures(tmp_path / "grey", 12, (28, 28), colour=False)
    config, why = recipe(Source(name=str(grey)))
    assert config == DRAWINGS.replace(data={"name": str(grey), "size": (28, 28)})
    assert "but no mirroring; for grey photos of which a part shows the class take infogan" in why
    assert recipe(Source(name=str(grey), color="rgb"))[0].augment == IMAGES.augment
    assert recipe(Source(name=str(colour), color="grey"))[0].augment == DRAWINGS.augment
    assert recipe(Source(name=str(colour), size=(48, 48)))[0].data.size == (48, 48)


def test_one_file_in_colour_makes_a_folder_coloured(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "grey", 12, (28, 28), colour=False)
    assert survey(folder).grey
    Image.new("RGB", (28, 28), "red").save(folder / "5.png")
    assert not survey(folder).grey


def test_of_a_single_file_no_other_is_looked_at(tmp_path: Path) -> None:
    for i in range(3):
        Image.new("RGB", (40, 40), (255, 20 * i, 0)).save(tmp_path / f"{i}.png")
    page = Image.new("L", (40, 40), 90)
    page.save(tmp_path / "pages.tif", save_all=True, append_images=[page] * 4)
    said = recipe(Source(name=str(tmp_path / "pages.tif")))[1]
    assert said.startswith("5 grey images")


def test_what_is_no_image_is_left_out_of_the_look(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "some", 3, (40, 20), colour=False)
    (folder / "broken.png").write_bytes(b"nothing")
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held upright
    Image.new("L", (40, 20)).save(folder / "turned.jpg", exif=turned)
    seen = survey(folder)
    assert (seen.number, seen.height, seen.width, seen.grey) == (5, 20, 40, True)
    for path in folder.glob("[0-9].png"):
        path.unlink()
    assert survey(folder)[1:3] == (40, 20)
    (folder / "turned.jpg").unlink()
    with pytest.raises(DataError, match="none of 1 images"):
        survey(folder)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((100, 100), (64, 64)),
        ((534, 400), (88, 64)),
        ((400, 534), (64, 88)),
        ((480, 1000), (64, 128)),
        ((70, 60), (60, 60)),
        ((16, 16), (16, 16)),
        ((28, 28), (28, 28)),
        ((33, 33), (32, 32)),
        ((9, 12), (16, 24)),
        ((4000, 5000), (64, 64)),
    ],
)
def test_sides_that_images_are_scaled_to(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert sides(*size) == expected


@pytest.mark.parametrize("word", [".", "..", "../..", "../photos", "../photos/.."])
def test_a_run_has_the_name_of_its_folder_however_that_is_written(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos" / "cats").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "photos" / "cats")
    expected = Path(word).resolve().name
    assert _named([word], RunConfig()) == expected != ".."


def test_more_images_take_more_steps(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    enough = FEW * 10 // 9 + 1
    for n, steps in (
        (enough - 3, DRAWINGS.steps),
        (enough, DRAWINGS.steps),
        (16 * MANY * 10 // 9, 2 * DRAWINGS.steps),
    ):
        np.save(path, np.zeros((n, 16, 16), np.uint8))
        config, why = recipe(Source(name=str(path)))
        assert config.steps == pytest.approx(steps, rel=0.06)  # a tenth is held out
        assert f"{config.steps:,} steps" in why
        assert ("too few" in why) == (n < enough)
        assert config.data.size is None


def test_the_command_says_what_was_chosen_and_options_change_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pictures(tmp_path / "mine", 12, (50, 40), colour=True)
    run("train", "mine", "--dry-run", "--batch", 8, "--augment.mirror", "false")
    tree = json.loads(capsys.readouterr().out)
    assert tree["data"]["size"] == [40, 40]
    assert tree["batch"] == 8
    assert tree["augment"]["kind"] == "photo"
    assert not tree["augment"]["mirror"]
    run("train", "mine", "--dry-run", "--data.size", "32x48", "--data.color=grey")
    tree = json.loads(capsys.readouterr().out)
    assert (tree["data"]["size"], tree["data"]["color"]) == ([32, 48], "grey")
    small = {"width": 4, "channels": 4, "hidden": 8}
    words = [f"--networks.{name}={value}" for name, value in small.items()]
    run("train", "mine", *words, "--steps", 5, "--batch", 8, "--device", "cpu", "--run", "r")
    why = "too few to find classes in (docs/photos.md): preset images"
    assert capsys.readouterr().out.startswith(f"12 colour images of about 40x50 pixels, {why}")
    run("train", "mine", *words, "--steps", 5, "--batch", 8, "--device", "cpu", "--run", "r")
    with pytest.raises(ConfigError, match=r"'digtis' is no preset, .*; did you mean digits\?"):
        resolve(["digtis"], None, {})
    with pytest.raises(ConfigError, match="digits is a preset; give it images by --data mine"):
        resolve(["digits", "mine"], None, {})
    with pytest.raises(ConfigError, match="is no preset"):
        resolve(["nothing"], None, {})
    Path("images").mkdir()
    assert "write ./images" in refused(capsys, "train", "images")


def test_pretrained_networks_have_weaker_views(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pictures(tmp_path / "mine", 12, (40, 40), colour=True)
    run("train", "mine", "--dry-run", "--networks", "projected", "--steps", 9)
    tree = json.loads(capsys.readouterr().out)
    assert (tree["networks"]["kind"], tree["steps"]) == ("projected", 9)
    assert tree["augment"] == WEAK.model_dump()
    assert tree["objective"]["grouped"] is False
    run("train", "mine", "--dry-run", "--networks", "projected", "--augment.area", 0.9)
    assert json.loads(capsys.readouterr().out)["augment"]["area"] == 0.9
    assert "pretrained on ImageNet" in recipe(Source(name="mine"), "projected")[1]
    assert "pretrained" not in recipe(Source(name="mine"))[1]
    grey = pictures(tmp_path / "grey", 12, (28, 28), colour=False)
    drawn, told = recipe(Source(name=str(grey)), "projected")
    assert "preset images, views of drawings" in told
    assert drawn.augment == DRAWINGS.augment and drawn.objective == IMAGES.objective
    assert drawn.game_augment is not None and not drawn.game_augment.mirror
