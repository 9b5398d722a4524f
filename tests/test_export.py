"""Exported graphs say what torch says; the page holds what it claims and nothing that could run."""

import copy
import errno
import gzip
import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from harness import strokes
from onnx.reference import ReferenceEvaluator

from infogan.cli import main
from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError, InfoganError
from infogan.core.random import stream
from infogan.data.images import Images, Pixels, to_float
from infogan.explorer import export as exporting
from infogan.explorer import page as pages
from infogan.explorer import stills
from infogan.explorer.export import ExportError, Graph, compact, comparable, export, graphs
from infogan.latent.latent import Latent
from infogan.model.model import Model
from infogan.networks import Shape
from infogan.runs.folder import Run
from infogan.runs.names import Names

ROOT = Path(__file__).parents[1]


def untrained(tiny: RunConfig, shape: Shape = (16, 16, 1), **changes: object) -> Model:
    return Model(tiny.replace(**changes), shape)


@pytest.fixture(scope="module")
def exported(trained: Path) -> list[Graph]:
    return graphs(Model.load(trained))


def test_an_export_leaves_the_model_where_it_was(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, places = Model.load(trained), list[object]()
    monkeypatch.setattr(Model, "device", torch.device("meta"))  # as if on a GPU

    def to(own: Model, device: object) -> Model:
        places.append(device)
        return own

    monkeypatch.setattr(Model, "to", to)
    graphs(model)
    assert places == ["cpu", torch.device("meta")]


@pytest.mark.parametrize("n", [1, 7])
def test_graphs_are_torchs_networks_at_any_batch_size(
    exported: list[Graph], trained: Path, images: Images, n: int
) -> None:
    model = Model.load(trained)
    generator, encoder = (ReferenceEvaluator(graph.proto) for graph in exported)
    draw = model.latent.sample(n, stream(1, "test"))
    inputs = {
        "noise": draw.noise.numpy(),
        **{name: value.numpy() for name, value in draw.values.items()},
    }
    assert set(generator.input_names) == {"noise", "digit", "slant"}
    (image,) = map(np.asarray, generator.run(["image"], inputs))
    with torch.inference_mode():
        np.testing.assert_allclose(image, model.g(draw.vector()).numpy(), atol=1e-4)
    read = model.encode(images.pixels[:n])
    names = ["digit_probabilities", "slant_mean", "slant_std"]
    found = encoder.run(names, {"image": to_float(images.pixels[:n]).numpy()})
    probabilities, mean, std = (np.asarray(part, np.float32) for part in found)
    np.testing.assert_allclose(probabilities, read["digit"].probs, atol=1e-4)
    np.testing.assert_allclose(mean, read["slant"].mean, atol=1e-4)
    np.testing.assert_allclose(std, read["slant"].std, atol=1e-4)


def test_a_graph_says_nothing_of_the_machine_that_made_it(exported: list[Graph]) -> None:
    for graph in exported:
        assert b".py" not in graph.proto.SerializeToString()


def test_other_shapes_and_objectives(tiny: RunConfig) -> None:
    """Not square, in colour, fixed sigma, Q as a probe; and no codes at all: no encoder then."""
    wide = untrained(
        tiny,
        (17, 23, 3),
        objective={"kind": "gan"},
        latent={"noise": 4, "digit": "none", "slant": {"kind": "gaussian", "sigma": 1.0}},
    )
    generator, encoder = graphs(wide)
    assert generator.expected["image"].shape[1:] == (3, 17, 23)
    assert list(encoder.expected) == ["slant_mean", "slant_std"]
    plain = untrained(tiny, latent={"digit": "none", "slant": "none"}, objective={"kind": "gan"})
    assert [graph.name for graph in graphs(plain)] == ["generator"]


def test_a_graph_that_differs_from_torch_is_not_written(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, traced = Model.load(trained), exporting._graph

    def off(*words: object) -> Graph:
        graph = traced(*words)  # type: ignore[arg-type]
        name = next(iter(graph.expected))
        graph.expected[name] = graph.expected[name] + np.float32(2e-4)
        return graph

    monkeypatch.setattr(exporting, "_graph", off)
    with pytest.raises(ExportError, match=r"generator differs from torch by 0\.0002"):
        export(model, tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_angle_is_compared_as_a_direction(exported: list[Graph]) -> None:
    """±π are one value, and where κ is next to 0 a direction and its σ are nothing but rounding."""
    torchs = {"a_mean": np.array([math.pi, 1.0, 1.0]), "a_std": np.array([0.1, 1e4, 0.1])}

    def apart(mean: list[float], std: list[float]) -> float:
        found = comparable({"a_mean": np.array(mean), "a_std": np.array(std)}, ["a"])
        expected = comparable(torchs, ["a"])
        return float(max(np.abs(found[name] - expected[name]).max() for name in expected))

    assert apart([-math.pi, -2.0, 1.0], [0.1, 2e4, 0.1]) < 1e-7
    assert apart([math.pi, 1.0, 1.01], [0.1, 1e4, 0.1]) == pytest.approx(0.01, rel=1e-3)
    assert apart([math.pi, 1.0, 1.0], [0.1, 1e4, 0.13]) == pytest.approx(0.03)
    assert apart([math.pi, 1.0, 1.0], [0.1, 0.5, 0.1]) > 0.4


def test_what_is_not_finite_is_infinitely_far(exported: list[Graph]) -> None:
    encoder = copy.copy(exported[1])
    assert encoder.error() < 1e-4
    last = list(encoder.expected)[-1]
    encoder.expected = encoder.expected | {last: np.full(exporting.CHECKED, np.nan, np.float32)}
    assert encoder.error() == math.inf


def test_a_page_stores_wide_weights_in_few_bits(
    exported: list[Graph], tiny: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "WIDE", 256)
    generator = exported[0]
    small = {bits: compact(generator, 1.0, [bits]) for bits in (10, 14)}
    errors = {bits: generator.error(proto) for bits, proto in small.items()}
    assert errors[14] < errors[10] < 0.1
    packed = len(gzip.compress(small[10].SerializeToString()))
    assert packed < 0.6 * len(gzip.compress(generator.proto.SerializeToString()))
    between = (errors[10] + errors[14]) / 2
    assert (
        generator.error(compact(generator, between, [10, 14])) == errors[14]
    )  # the fewest bits that are near enough
    assert compact(generator, 1e-9, [10, 14]) is generator.proto


def test_the_commands(
    exported: list[Graph],
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    strange = os.fsdecode(b"run \xff")  # no text in any encoding
    shutil.copytree(trained, tmp_path / strange)
    pages.explorer(Model.load(trained), Run(tmp_path / strange))
    (tmp_path / strange).rename(tmp_path / "run")
    text = (tmp_path / "run" / "explorer.html").read_text(encoding="utf-8")
    policy = re.findall(r'content="(default-src [^"]*)"', text)[0]
    assert "http" not in policy
    assert "unsafe-inline" not in policy
    seen: list[str] = []
    monkeypatch.setattr("webbrowser.open", seen.append)  # returns nothing: there is no browser
    monkeypatch.setattr(pages, "explorer", lambda *_: (tmp_path / "a b.html", pages.LARGE + 1))
    main(["explore", str(tmp_path / "run")])
    assert seen == [(tmp_path / "a b.html").as_uri()]
    assert "is large" in capsys.readouterr().err
    monkeypatch.setattr(exporting, "graphs", lambda _: exported)
    main(["export", str(tmp_path / "run"), "-o", str(tmp_path / "out")])
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "encoder.onnx",
        "generator.onnx",
    ]
    capsys.readouterr()
    (tmp_path / "a file").touch()
    for words, said in (
        (["-o", str(tmp_path / "a file" / "out")], "give a folder"),
        (["--no-open"], "no-open"),
    ):
        with pytest.raises(SystemExit):
            main(["export", str(tmp_path / "run"), *words])
        assert said in capsys.readouterr().err


def test_the_old_page_survives_a_full_disk(
    tiny: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "explorer.html").write_text("old")

    def full(path: Path, content: bytes) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pages, "page", lambda *_: b"new")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InfoganError, match="No space left"):
        pages.explorer(untrained(tiny), Run(tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == ["explorer.html"]
    assert (tmp_path / "explorer.html").read_text() == "old"


def test_a_page_holds_z_as_sample_draws_it(tiny: RunConfig) -> None:
    model = untrained(tiny)
    held = pages.noises(model.latent)
    assert held.shape == (1000, 8)
    draw = model.latent.point({"noise": held[17].tolist(), "codes": {"digit": 3, "slant": 0.5}})
    assert np.array_equal(
        model.generate(draw.vector()), model.sample(1, seed=17, digit=3, slant=0.5)
    )
    wide = tiny.latent.model_copy(update={"noise": 10_000})
    assert pages.noises(wide).nbytes <= pages.SEED_BYTES


def as_sampled(model: Model, points: Mapping[str, stills.Point]) -> Pixels:
    """The stills of the points, which are what `sample` draws of them."""
    images = stills.drawn(model, pages.noises(model.latent), [*points.values()])
    for image, point in zip(images, points.values(), strict=True):
        codes = {name: value for name, value in point.items() if name != "seed"}
        apart = image - model.sample(1, seed=int(point["seed"]), **codes)[0].astype(int)
        assert np.abs(apart).max() <= 1, point
    return images


def test_the_stills_of_a_page_are_what_sample_draws(tiny: RunConfig) -> None:
    """Each once, of any codes, at any size; in the sheet they stand in rows of ten."""
    of_all = {"noise": 3, "digit": "categorical:3", "slant": "angle", "size": "gaussian:1:2"}
    model = untrained(tiny, (16, 20, 1), latent=of_all)
    points = stills.points(model.latent, 7)
    assert next(iter(points.values())) == {"seed": 0, "digit": 0, "slant": 0.0, "size": 1.0}
    assert len(points) == 3 + 8 + 8 + 2 * 4  # of each code but the first's; of the grid
    images = as_sampled(model, points)
    sheet = stills.sheet(images)
    assert sheet.shape == (3 * 16, 10 * 20, 1)
    assert (sheet[16:32, 3 * 20 : 4 * 20] == images[13]).all()
    large = np.arange(12, dtype=np.uint8).repeat(130 * 131).reshape(12, 130, 131, 1)
    assert stills.sheet(large).shape == (2 * 65, 10 * 65, 1)
    assert stills.sheet(large)[65, 65] == 11
    bare = {"noise": 3, "digit": "none", "slant": "none"}
    plain = untrained(tiny, latent=bare, objective={"kind": "gan"})
    points = stills.points(plain.latent, 7)
    assert [point["seed"] for point in points.values()] == [*range(7)]
    for weight in plain.g.parameters():
        weight.data.mul_(4)  # so that images of different z differ
    assert len(np.unique(as_sampled(plain, points), axis=0)) == 7
    assert len(stills.points(Latent(noise=0, a="uniform:0:1"), 1)) == 9


def test_a_point_must_fit(tiny: RunConfig) -> None:
    good = {"noise": [0.0] * 8, "codes": {"digit": [0.5, 0.5, 0, 0], "slant": 0}}
    assert tiny.latent.point(good).vector().shape == (1, 13)
    for changes in (
        {"noise": [0.0] * 7},
        {"noise": None},
        {"noise": [0.0] * 7 + ["x"]},
        {"noise": [0.0] * 7 + [float("nan")]},
        {"codes": None},
        {"codes": {"digit": 1}},
        {"codes": {"slant": 0, "digit": 1}},
        {"codes": {"digit": 4, "slant": 0}},
        {"codes": {"digit": [1], "slant": 0}},
        {"codes": {"digit": True, "slant": 0}},
    ):
        with pytest.raises(ConfigError):
            tiny.latent.point(good | changes)


def test_the_runtime_is_the_published_one() -> None:
    folder = ROOT / "src" / "infogan" / "explorer" / "runtime"
    script = (ROOT / "scripts" / "runtime.py").read_text(encoding="utf-8")
    for name in pages.RUNTIME.values():
        content = gzip.decompress((folder / name).read_bytes())
        assert hashlib.sha256(content).hexdigest() in script


def test_the_python_of_the_docs_runs(
    tmp_path: Path, tiny: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = untrained(
        tiny,
        (28, 28, 1),
        latent={
            "noise": 62,
            "digit": "categorical:10",
            "slant": "uniform:-1:1",
            "width": "uniform:-1:1",
        },
    )
    (tmp_path / "exported").mkdir()
    export(model, tmp_path / "exported")
    code = re.findall(
        r"```python\n(.*?)```",
        (ROOT / "docs" / "explorer.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
    monkeypatch.chdir(tmp_path)
    scope: dict[str, np.typing.NDArray[np.float32]] = {}
    exec(
        compile(code[0], "docs/explorer.md", "exec"), scope
    )  # the document's own lines, and nothing else
    assert scope["pixels"].shape == (5, 1, 28, 28)
    read = model.encode(scope["pixels"].transpose(0, 2, 3, 1).astype(np.uint8))
    np.testing.assert_allclose(
        scope["probabilities"], read["digit"].probs, atol=0.01
    )  # pixels are rounded
    np.testing.assert_allclose(scope["mean"], read["width"].mean, atol=0.01)


def test_objectives_with_classes(tiny: RunConfig) -> None:
    """A head for classes is one more output; what an objective does not train is not there."""
    config = tiny.replace(objective={"kind": "acgan"}, latent={"slant": "none"}, labels="all")
    model = Model(config, (16, 16, 1), ("a", "b", "c", "d<"))
    generator, encoder = graphs(model)
    assert (list(generator.inputs), list(encoder.expected)) == (
        ["noise", "digit"],
        ["class_probabilities"],
    )
    (names,) = encoder.proto.metadata_props
    assert (names.key, json.loads(names.value)) == ("classes", ["a", "b", "c", "d<"])
    model.names = Names().with_classes(model.classes)
    facts = pages.described(model, "digit", model.latent.codes["digit"])
    assert facts["names"] == {"0": "a", "1": "b", "2": "c", "3": "d<"}
    lone = Model(
        config.replace(objective={"kind": "classifier"}, latent={"digit": "none"}),
        (16, 16, 1),
        ("a", "b"),
    )
    assert [graph.name for graph in graphs(lone)] == ["encoder"]
    with pytest.raises(ConfigError, match="no generator"):
        pages.explorer(lone, Run("."))


def test_close_ups_can_be_exported(tiny: RunConfig) -> None:
    """At any batch size; a graph that differs from torch is refused."""
    digit = {"kind": "categorical", "k": 4, "close": True}
    model = untrained(tiny, (24, 20, 3), latent={"digit": digit}).eval()
    encoder = ReferenceEvaluator(graphs(model)[1].proto)
    images = strokes(3).pixels.repeat(3, 3)
    padded = np.pad(images, [(0, 0), (3, 5), (2, 2), (0, 0)])
    inputs = {"image": to_float(padded).numpy()}
    (found,) = map(np.asarray, encoder.run(["digit_probabilities"], inputs))
    np.testing.assert_allclose(found, model.encode(padded)["digit"].probs, atol=1e-4)


@pytest.mark.parametrize("kind", ["photo", "projected"])
def test_networks_for_photos_can_be_exported(tiny: RunConfig, kind: str) -> None:
    """Whose critic reads images while other heads read the trunk, at any batch size."""
    networks = {"kind": kind, "channels": 4, "hidden": 8}
    contrast = {"contrast": 1.0, "warm_up": 0.5}
    model = untrained(tiny, (48, 48, 3), networks=networks, objective=contrast)
    generator, encoder = graphs(model)
    assert max(generator.error(), encoder.error()) < 1e-4
    images = np.random.default_rng(0).integers(0, 255, (37, 48, 48, 3)).astype(np.uint8)
    inputs = {"image": to_float(images).numpy()}
    (found,) = map(
        np.asarray, ReferenceEvaluator(encoder.proto).run(["digit_probabilities"], inputs)
    )
    np.testing.assert_allclose(found, model.encode(images)["digit"].probs, atol=1e-4)
