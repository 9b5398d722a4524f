"""What a notebook shows of a model, of a sweep and of scores: pictures and tables, not objects."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import infogan as ig
from infogan.analysis.evaluation import MOST_CELLS, Evaluation
from infogan.analysis.observation import Observation
from infogan.config.settings import RunConfig
from infogan.model.model import ROWS, SHOWN, Model
from infogan.model.traversal import Traversal
from infogan.runs.names import Names


def pictures(html: str) -> list[NDArray[np.uint8]]:
    """The pictures of some HTML, [H, W, 3] each."""
    encoded = re.findall(r'src="data:image/webp;base64,([^"]+)"', html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(e))).convert("RGB")) for e in encoded]


def text(html: str) -> list[str]:
    """What some HTML says, cell by cell."""
    return [word.strip() for word in re.sub(r"<[^>]*>", "\n", html).split("\n") if word.strip()]


def test_a_traversal_is_a_picture_for_each_value() -> None:
    greys = 60 * np.arange(3)[:, None] + 10 * np.arange(5)  # of each row and value
    images = np.broadcast_to(greys[..., None, None, None], (3, 5, 16, 20, 1)).astype(np.uint8)
    html = Traversal(images, [-1.0, -0.5, 0.0, 0.5, 1.0])._repr_html_()
    assert text(html) == ["-1", "-0.5", "0", "0.5", "1"]
    for column, strip in zip(greys.T, pictures(html), strict=True):
        assert strip.shape == (3 * 16, 20, 3)
        rows = strip.reshape(3, -1).mean(1)  # from top to bottom
        assert rows == pytest.approx(column, abs=6)  # nearly like the image


def test_large_images_are_shown_small() -> None:
    images = np.tile(np.arange(200, dtype=np.uint8)[:, None], (2, 1, 100, 1, 3))
    (strip,) = pictures(Traversal(images, [0.0])._repr_html_())
    assert strip.shape == (2 * 34, 67, 3)
    assert strip[5, :, 0] == pytest.approx(np.arange(0, 200, 3), abs=9)  # nothing is cut off


def test_a_traversal_is_a_pair(trained: Path) -> None:
    swept = Model.load(trained).traverse("slant", rows=3, steps=5)
    images, values = swept
    assert images.shape == (3, 5, 16, 16, 1) and swept.values == values == [-1, -0.5, 0, 0.5, 1]


def test_a_model_shows_each_code_by_the_names_given(trained: Path) -> None:
    model = Model.load(trained)
    model.names = Names(codes={"slant": "<lean>"}, categories={"digit": {2: "bar & bar"}})
    html = model._repr_html_()
    assert "<lean>" not in html and "&lt;lean&gt;" in html and "2 bar &amp; bar" in html
    assert len(pictures(html)) == 4 + 11
    assert {strip.shape for strip in pictures(html)} == {(ROWS * 16, 16, 3)}
    assert repr(model) == "Model(infogan, 16x16x1, codes: digit categorical, <lean> uniform)"


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"latent": {"digit": "categorical:50"}}, SHOWN + 11),
        ({"objective": "gan", "latent": {"digit": "none", "slant": "none"}}, SHOWN),
        ({"objective": "classifier", "labels": 2, "latent": {"digit": "none", "slant": "none"}}, 0),
    ],
)
def test_a_model_shows_what_it_draws(
    tiny: RunConfig, changes: dict[str, object], shown: int
) -> None:
    """Not a picture for each of fifty categories; samples without a code; nothing without a G."""
    model = Model(tiny.replace(**changes), (16, 16, 1), ("a", "b"))
    assert len(pictures(model._repr_html_())) == shown


def test_scores_show_bars_and_the_confusion_on_its_diagonal(
    trained: Path, images: ig.Images
) -> None:
    found = ig.evaluate(Model.load(trained), images)
    assert isinstance(found, Evaluation)
    html, own = found._repr_html_(), found["category_of"]
    bars = [float(share) for share in re.findall(r"width: ([\d.]+)%", html)]
    assert bars == pytest.approx(
        [100 * min(1, max(0, share)) for share in found["recovered"].values()], abs=0.5
    )
    words = text(html)
    heads = words[words.index("Images of each class (rows) by category (columns)") + 1 :][:4]
    assert heads[: len(own)] == [f"#{k}" for k in own.values()] and len(set(heads)) == 4
    columns, cells = found._cells()
    assert columns == heads and [name for name, _ in cells] == [*images.classes]
    for i, (name, row) in enumerate(cells):
        if name in own:
            assert row[i][0] == found["confusion"][i][own[name]]
        assert sum(count for count, _ in row) == (images.labels == i).sum()
    assert any(line.startswith(f"{len(images)} images of strokes") for line in words)


def test_scores_without_labels_show_how_many_each_category_has(
    trained: Path, images: ig.Images
) -> None:
    found = ig.evaluate(Model.load(trained), ig.Images(images.pixels))
    words = text(found._repr_html_())
    at = words.index("Images of each category")
    assert words[at + 1 : at + 6] == ["#0", "#1", "#2", "#3", "all"]
    assert sum(map(int, words[at + 6 :])) == len(images)
    many = Evaluation({**found, "shares": [1 / 99] * 99})
    assert MOST_CELLS < 99 and "Images of each category" not in text(many._repr_html_())


def test_what_holds_arrays_shows_their_shapes(trained: Path) -> None:
    """Of 9,000 files no terminal shows every name, nor of images every pixel."""
    n, model = 9000, Model.load(trained)
    pixels = np.tile(np.arange(256, dtype=np.uint8), n).reshape(n, 16, 16, 1)
    factors, files = np.arange(2 * n).reshape(n, 2) % 3, [f"{i}.png" for i in range(n)]
    images = ig.Images(pixels, np.arange(n) % 2, ("a", "b"), "photos/", files, factors=factors)
    told = "Images(photos/: 9,000 images, 16x16 grey, 2 classes, factors: factor 0, factor 1)"
    assert repr(images) == told
    assert repr(ig.Images(pixels[:2])) == "Images(images: 2 images, 16x16 grey)"
    assert told in repr(Observation(model, images))
    few = pixels[:300]
    assert repr(model.encode(few)) == (
        "{'digit': Posterior(value [300], confidence [300], probs [300, 4]), "
        "'slant': Posterior(value [300], confidence [300], mean [300], std [300])}"
    )
    assert repr(model.draw(300)) == "Draw(noise [300, 8], digit [300, 4], slant [300, 1])"
    assert repr(model.traverse("slant", rows=2, steps=3)) == (
        "Traversal(images [2, 3, 16, 16, 1], values=[-1.0, 0.0, 1.0])"
    )
    made = model.reconstruct(few[:2])
    assert repr(made) == "Reconstruction(images [2, 16, 16, 1], error [2])"
