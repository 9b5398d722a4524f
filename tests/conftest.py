"""What several test modules use: tiny settings, and a run trained once."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from harness import strokes
from PIL import Image

from infogan.cli import main
from infogan.config.settings import RunConfig
from infogan.data import Source
from infogan.data.images import Images
from infogan.pipeline.run import fit
from infogan.runs.folder import Run
from infogan.runs.record import Learned, Record

# Networks of this size gain nothing from a second thread; with other jobs running it costs much.
torch.set_num_threads(int(os.environ.setdefault("OMP_NUM_THREADS", "1")))

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
    device="cpu",
)


RECORD = Record(
    infogan="0.1.0",
    images=Learned(source=Source(), number=64, shape=(16, 16, 1), digest="none"),
)


def write_record(folder: Path, **images: object) -> None:
    """Write the run.json of a run, or change what that of a run says of its images."""
    path = folder / "run.json"
    record = Record.model_validate_json(path.read_text()) if path.exists() else RECORD
    changed = record.model_copy(update={"images": record.images.model_copy(update=images)})
    path.write_text(changed.model_dump_json())


def begin(folder: Run, config: RunConfig) -> None:
    """Start or resume a run without images."""
    folder.hold()
    folder.check(config)
    folder.begin(config, RECORD)


def run(*words: object) -> None:
    """One command, as words."""
    main([str(word) for word in words])


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """The message of a command that must end with code 2: one or two lines, no traceback."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        run(*words)
    message = capsys.readouterr().err
    assert caught.value.code == 2
    assert 1 <= message.strip().count("\n") + 1 <= 2, message
    assert "Traceback" not in message
    return message


@pytest.fixture(autouse=True)
def same_draws() -> None:
    """What a test draws without a generator does not depend on the tests before it."""
    torch.manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFOGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def one_thread() -> Iterator[None]:
    """For networks so small that a second thread only waits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny() -> RunConfig:
    return TINY


@pytest.fixture(scope="session")
def images() -> Images:
    return strokes(64)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, images: Images) -> Path:
    """The folder of a finished tiny run."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    fit(TINY, folder, images=images)
    return folder


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory, images: Images) -> Path:
    """A folder of small images in four folders, their classes."""
    folder = tmp_path_factory.mktemp("photos")
    for i, (pixels, label) in enumerate(zip(images.pixels, images.labels, strict=True)):
        path = folder / images.classes[label] / f"{i:02d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels[..., 0]).save(path)
    return folder


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory, photos: Path, tiny: RunConfig) -> Path:
    """A tiny run trained by the command line."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "tiny.json").write_text(json.dumps(tiny.tree() | {"data": {"name": str(photos)}}))
    target, settings = folder / "run", folder / "tiny.json"
    run("train", photos, "-c", settings, "--run", target, "--steps", 4, "--seed", 7)
    return target


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium, the system's own."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="the browser extra is not installed"
    )
    names = ("chromium", "chromium-browser", "google-chrome")
    there = next(filter(None, map(shutil.which, names)), None)
    if there is None:
        pytest.skip("there is no Chromium here")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path=there, args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()
