"""Any encoder on images with known factors: what it may give, and where its scores are shown."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import infogan as ig
from conftest import TINY, run
from infogan.analysis import encoders
from infogan.analysis.evaluation import evaluate, shown
from infogan.core.errors import DataError, InfoganError
from infogan.data.images import Images, Pixels
from infogan.model.model import Model

VALUES = ("round", "square", "star"), (1.0, 2.0, 3.0, 4.0)
NAMES = "shape", "size"
SAID = {"n", "left_out", "codes", "factors", "dead", "nmi"}
SCORES = {"factor_vae", "beta_vae", "mig", "mig_20", "mig_20_ceiling", "sap", "modularity"}
SCORES |= {"dci", "completeness", "informativeness", "explicitness", "info_m", "info_e", "info_c"}


NOISE = {"digit": "none", "slant": "none", "noise": 8}


def known(n: int = 240, **changes: Any) -> Images:
    """Images of 16x16 whose first two pixels say their factors."""
    index = np.arange(n)
    factors = np.stack([index % 3, index // 3 % 4], 1)
    pixels = np.zeros((n, 16, 16, 1), np.uint8)
    pixels[:, 0, :2, 0] = 40 * factors
    pixels[:, 1:, :, 0] = np.random.default_rng(0).integers(256, size=(n, 15, 16))
    about: dict[str, Any] = {"factor_names": NAMES, "factor_values": VALUES, "name": "known"}
    return Images(pixels, **(about | {"factors": factors} | changes))


def perfect(pixels: Pixels) -> Any:
    return pixels[:, 0, :2, 0].astype(float)


def test_a_function_is_an_encoder() -> None:
    found = ig.disentanglement(perfect, known())
    assert found.keys() == SAID | SCORES
    assert (found["n"], found["left_out"], found["dead"]) == (240, {}, [])
    assert found["codes"] == ["code 0", "code 1"]
    assert found["factors"] == ["shape", "size"]
    assert found["nmi"] == [[pytest.approx(1), 0], [0, pytest.approx(1)]]
    assert found["factor_vae"] == found["dci"] == found["mig"] == 1
    assert found["sap"] == pytest.approx((1 - 1 / 3 + 1) / 2)  # the words of shape have no order
    json.dumps(found, allow_nan=False)


def test_which_factors_have_no_order_can_be_said() -> None:
    for nominal, sap in (((), 1), (("size",), (1 + 3 / 4) / 2), (NAMES, (2 / 3 + 3 / 4) / 2)):
        found = ig.disentanglement(perfect, known(), nominal=nominal)
        assert found["sap"] == pytest.approx(sap)
    without = known(factor_values=())
    assert ig.disentanglement(perfect, without)["sap"] == pytest.approx(1)
    with pytest.raises(DataError, match=r"no factor 'form'; its factors are shape, size"):
        ig.disentanglement(perfect, known(), nominal=["form"])


def test_integers_by_name_are_categories() -> None:
    def by_name(pixels: Pixels) -> Any:
        shape, size = pixels[:, 0, :2, 0].T // 40
        kind = np.array([2, 9, 5, 0])[size]  # in no order
        return {"kind": kind, "form": -3.0 * shape, "idle": np.zeros(len(size))}

    found = ig.disentanglement(by_name, known())
    assert found["codes"] == ["kind", "form", "idle"]
    assert found["dead"] == ["idle"]
    assert found["factor_vae"] == found["mig"] == found["dci"] == 1
    assert found["sap"] == pytest.approx((1 - 1 / 3 + 1) / 2)  # a line takes categories as such


def test_images_go_to_an_encoder_in_parts_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, seen = ig.disentanglement(perfect, known()), list[int]()

    def counting(pixels: Pixels) -> Any:
        seen.append(len(pixels))
        return perfect(pixels)

    monkeypatch.setattr(encoders, "CHUNK", 100)
    assert ig.disentanglement(counting, known()) == whole
    assert seen == [100, 100, 40]
    monkeypatch.setattr(encoders, "MOST", 130)
    assert ig.disentanglement(counting, known())["n"] == 130
    rows = encoders.drawn(240, seed=0)
    assert len(set(rows.tolist())) == 130
    assert {int(gap) for gap in np.diff(rows)} != {1, 2}  # not evenly spaced
    assert not np.array_equal(rows, encoders.drawn(240, seed=1))


def test_a_factor_that_cannot_be_scored_is_named() -> None:
    images = known()
    columns = [*images.factors.T, np.zeros(240, int), np.arange(240)]
    more: dict[str, Any] = {
        "factors": np.stack(columns, 1),
        "factor_names": (*NAMES, "colour", "number"),
    }
    found = ig.disentanglement(perfect, known(**more, factor_values=()))
    assert found["factors"] == ["shape", "size"]
    assert found["left_out"] == {
        "colour": "it has one value",
        "number": "240 values in 240 images, under 10 images a value",
    }
    few: dict[str, Any] = {"factors": np.stack(columns[1:3], 1), "factor_names": ("size", "colour")}
    with pytest.raises(DataError, match=r"needs two factors that vary \(colour: it has one value"):
        ig.disentanglement(perfect, known(**few, factor_values=()))
    with pytest.raises(DataError, match=r"known: .* \(there is none\)"):
        ig.disentanglement(perfect, Images(images.base, name="known"))


@pytest.mark.parametrize(
    ("encoder", "words"),
    [
        (lambda pixels: pixels[:, 0, 0, 0], r"\[N, d\].*not \[240\] for 240"),
        (lambda pixels: perfect(pixels)[:10], r"not \[10, 2\] for 240"),
        (lambda pixels: perfect(pixels) * [1, np.nan], "code 1: 240 of 240 values are not finite"),
        (lambda pixels: perfect(pixels) * 1j, "complex"),
        (lambda pixels: {"a": pixels[:9, 0, 0, 0]}, r"not a mapping to \[9, 1\] for 240 images"),
        (lambda pixels: {"a": pixels[:, 0, 0]}, r"mapping to \[240, 1, 1\] for 240"),
        (lambda pixels: ["left"] * len(pixels), r"what the encoder gives: .* codes \[N, d\]"),
        (
            lambda pixels: {"side": np.array(["left"] * len(pixels))},
            r"from names to \[N\] \(Can",
        ),
        (Model(TINY.replace(latent=NOISE, objective="gan"), (16, 16, 1)), "gan reads no codes"),
    ],
)
def test_what_is_no_encoder_is_refused(encoder: Any, words: str) -> None:
    with pytest.raises(InfoganError, match=words):
        ig.disentanglement(encoder, known())


def test_a_model_is_an_encoder_and_evaluate_says_the_same(trained: Path) -> None:
    model, images = Model.load(trained), known()
    found = ig.disentanglement(model, images)
    assert found["codes"] == [reading.name for reading in model.readings]
    read = model.encode(images)
    codes = encoders.of_model(model, read)
    kinds = [reading.code.kind for reading in model.readings]
    assert codes.nominal == (kinds.index("categorical"),)
    scores = evaluate(model, images)
    assert scores["disentanglement"] == found
    assert "disentanglement" not in evaluate(
        model, replace(images, factors=np.empty(0, int), factor_names=(), factor_values=())
    )
    lines = "\n".join(shown(scores, {"slant": "lean"}))
    assert f"FactorVAE {found['factor_vae']:.3f}" in lines
    assert f"InfoM {found['info_m']:.3f}, InfoE {found['info_e']:.3f}" in lines
    table = lines.split("a code knows\n")[1].split("\n")
    assert table[0].split() == ["digit", "lean"]
    assert table[1].split()[0] == "shape"
    assert table[1].split()[1:] == [f"{row[0]:.2f}" for row in found["nmi"]]


def test_a_code_is_dead_by_its_own_trained_range() -> None:
    model, images = Model(TINY.replace(latent={"slant": "uniform:-4:4"}), (16, 16, 1)), known()
    read, mean = model.encode(images), np.linspace(-1, 1, len(images), dtype=np.float32)
    for spread, dead in ((0.3, []), (0.1, ["slant"])):  # 5 % of 4 is 0.2
        value = spread * mean / mean.std()
        codes = encoders.of_model(model, read | {"slant": replace(read["slant"], value=value)})
        assert codes.values[:, codes.names.index("slant")] == pytest.approx(value / 4)
        named = encoders.scored(codes, images)["dead"]
        assert [name for name in named if name == "slant"] == dead


def test_evaluate_prints_it_where_the_data_has_factors(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = known()
    about: dict[str, Any] = {"factors": images.factors, "factor_names": np.array(NAMES)}
    np.savez(tmp_path / "known.npz", images=images.base, **about)
    words = "evaluate", trained, "--data", tmp_path / "known.npz", "--split", "all"
    run(*words)
    assert "share of each factor's entropy that a code knows" in capsys.readouterr().out
    run(*words, "--json")
    found = json.loads(capsys.readouterr().out)["disentanglement"]
    assert found.keys() >= SAID | SCORES
    np.savez(tmp_path / "few.npz", images=images.base[:20], factors=images.factors[:20])
    run("evaluate", trained, "--data", tmp_path / "few.npz", "--split", "all")
    out = capsys.readouterr().out
    assert "factor factor 0 is not scored: 3 values in 20 images" in out
    assert "entropy that a code knows" not in out
