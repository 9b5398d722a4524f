"""Folders of pictures that no setting was made for: categories against classes, beside what else a
user would try.

    python benchmarks/folders.py --hands hands/ --cifar10 cifar10/ --mnist mnist/ --seeds 0 1 2 3 4

(make bench-folders). Without a folder for them, hands and cifar10 are left out; the others are made
in runs/folders/: `fashion` (10,000 of Fashion-MNIST as PNG), `uneven` (9,000 of MNIST at 16x16,
classes of 8 to 17 %), `glyphs` (eight letters and two digits in the fonts that matplotlib brings),
`textures` (tiles of scikit-image's pictures). Classes are folders, and serve scoring only. Each run
is the command that the table names, `infogan train FOLDER --data.size N`, one process a core with
one thread; runs that are done are not repeated. Settings that follow, with a name (--recipe
projected --networks projected), are a further recipe. The baselines need umap-learn and the extra
`photos`, `textures` scikit-image.
Writes benchmarks/results/folders.json after each run.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import commands
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from infogan import data
from infogan.analysis.features import extractor
from infogan.analysis.metrics import clusters
from infogan.config.presets import IMAGES
from infogan.data.images import Images
from infogan.training.device import Engine

TARGET = Path(__file__).parent / "results" / "folders.json"
RUNS = Path("runs") / "folders"
Array = np.ndarray[Any, Any]
KEPT = ("cluster_accuracy", "purity", "nmi", "ari", "k", "n", "seconds", "steps", "findings")
SHARES = (17, 14, 10, 9, 9, 8, 9, 8, 8, 8)  # of the classes of `uneven`, in %
LETTERS = "aegkRBSX47"
PICTURES = ("brick", "grass", "gravel", "ihc", "hubble_deep_field", "retina", "moon", "page")


@dataclass(frozen=True)
class Folder:
    """A folder of the suite."""

    size: int | None  # as --data.size; None: as the images are
    make: Callable[[Path, argparse.Namespace], None] | None = None  # None: it is given


def save(pixels: Array, folder: Path, name: str) -> None:
    """One PNG file in the folder of its class."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(folder / f"{name}.png")


def chosen(images: Images, rows: Array, folder: Path, side: int) -> None:
    """Some grey images, scaled, as files."""
    for row in rows.tolist():
        image = Image.fromarray(images.take(np.array([row]))[0, ..., 0])
        scaled = image.resize((side, side), Image.Resampling.LANCZOS)
        save(np.asarray(scaled), folder / images.classes[images.labels[row]], f"{row:05d}")


def fashion(folder: Path, _: argparse.Namespace) -> None:
    """10,000 of Fashion-MNIST."""
    images = data.load("fashion-mnist", "train")
    rows = np.random.default_rng(0).choice(len(images), 10_000, replace=False)
    chosen(images, rows, folder, 28)


def uneven(folder: Path, options: argparse.Namespace) -> None:
    """9,000 of MNIST at 16x16 whose classes differ in size, as in USPS."""
    images, rng = data.load("mnist", "train", dir=options.mnist), np.random.default_rng(0)
    for c, share in enumerate(SHARES):
        rows = rng.choice(np.flatnonzero(images.labels == c), 90 * share, replace=False)
        chosen(images, rows, folder, 16)


def glyphs(folder: Path, _: argparse.Namespace) -> None:
    """Eight letters and two digits in every text font of matplotlib's, a dozen sizes and places."""
    import matplotlib

    fonts = sorted((Path(matplotlib.get_data_path()) / "fonts" / "ttf").glob("*.ttf"))
    fonts = [f for f in fonts if not any(w in f.name for w in ("Siz", "NonUni", "cmex", "cmsy"))]
    rng = np.random.default_rng(0)
    for path in [f for f in fonts if "LastResort" not in f.name]:
        for letter in LETTERS:
            for i in range(12):
                font = ImageFont.truetype(str(path), int(rng.integers(18, 28)))
                image = Image.new("L", (32, 32))
                at = tuple(rng.integers(-3, 4, 2) + 16)
                ImageDraw.Draw(image).text(at, letter, 255, font, anchor="mm")
                save(np.asarray(image), folder / f"U+{ord(letter):04X}", f"{path.stem}-{i}")


def textures(folder: Path, _: argparse.Namespace) -> None:
    """Up to 225 tiles of 64x64 of each of eight pictures."""
    import skimage

    for name in PICTURES:
        path = next((Path(skimage.__file__).parent / "data").glob(f"{name}.*"))
        picture = np.asarray(Image.open(path).convert("RGB"))
        places = [
            (y, x)
            for y in range(0, picture.shape[0] - 63, 32)
            for x in range(0, picture.shape[1] - 63, 32)
        ]
        for i in np.random.default_rng(0).permutation(len(places))[:225].tolist():
            y, x = places[i]
            save(picture[y : y + 64, x : x + 64], folder / name, f"{y:04d}-{x:04d}")


FOLDERS = {
    "hands": Folder(64),
    "cifar10": Folder(None),
    "fashion": Folder(None, fashion),
    "uneven": Folder(None, uneven),
    "glyphs": Folder(None, glyphs),
    "textures": Folder(None, textures),
}


def trained(name: str, seed: int, path: Path, recipe: str, words: list[str]) -> commands.Row:
    """The scores of one run."""
    size = FOLDERS[name].size
    sized = ["--data.size", str(size)] if size else []
    scores = commands.trained([str(path), *sized, *words], seed, RUNS / f"{name}-{recipe}-{seed}")
    row = {"seed": seed} | {key: scores[key] for key in KEPT if key in scores}
    row["kept"] = scores["consistency"]["kept"]
    row["findings"] = [finding["name"] for finding in scores["findings"]]
    row["fidelity"] = {k: v for k, v in scores.get("fidelity", {}).items() if k != "recall_of"}
    return row | {"named": scores["named"]["cluster_accuracy"]} if "named" in scores else row


def kmeans(x: Array, k: int) -> Array:
    """Groups of rows [N, D] by k-means."""
    return np.asarray(KMeans(k, n_init=10, random_state=0).fit_predict(x))


def umap(x: Array, k: int) -> Array:
    """Groups of rows [N, D] by a Gaussian mixture on UMAP's ten dimensions."""
    from umap import UMAP

    places = UMAP(n_neighbors=15, min_dist=0.0, n_components=10, random_state=0).fit_transform(x)
    return np.asarray(GaussianMixture(k, random_state=0, n_init=3).fit_predict(places))


def pixels(images: Images) -> Array:
    """[N, D] grey levels."""
    return images.pixels.reshape(len(images), -1).astype(np.float32) / 255


def published(images: Images) -> Array:
    """[N, 320] features of EfficientNet-Lite0, each of mean 0 and standard deviation 1."""
    extract = extractor("folder", images.shape)
    assert extract is not None
    found = extract(images.pixels)
    return np.asarray((found - found.mean(0)) / (found.std(0) + 1e-6), np.float32)


BASELINES: dict[str, tuple[Callable[[Images], Array], Callable[[Array, int], Array]]] = {
    "k-means on pixels": (pixels, kmeans),
    "UMAP + GMM on pixels": (pixels, umap),
    "k-means on ImageNet features": (published, kmeans),
    "UMAP + GMM on ImageNet features": (published, umap),
}


def scored(images: Images, read: Array, begun: float) -> dict[str, Any]:
    """The scores of groups of images."""
    k = len(images.classes)
    found = clusters.score(images.labels, read, k, k)
    seconds = time.perf_counter() - begun
    return {
        "cluster_accuracy": found.accuracy,
        "purity": found.purity,
        "nmi": found.nmi,
        "ari": found.ari,
        "seconds": seconds,
    }


def summary(runs: dict[str, dict[str, list[dict[str, Any]]]]) -> dict[str, Any]:
    """Median and worst ACC of each folder and recipe, and the seconds of the run that other work
    disturbed least."""
    table: dict[str, Any] = {}
    for name, recipes in runs.items():
        for recipe, rows in recipes.items():
            if not rows:
                continue
            accuracies = [row["cluster_accuracy"] for row in rows]
            table.setdefault(name, {})[recipe] = {
                "median": statistics.median(accuracies),
                "worst": min(accuracies),
                "seconds": min(row["seconds"] for row in rows),
                "seeds": [row["seed"] for row in rows],
            }
    return table


def main() -> None:
    """Train what is missing, score the baselines, and write the file as results come."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--hands", type=Path)
    parser.add_argument("--cifar10", type=Path)
    parser.add_argument("--mnist")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", default=list(FOLDERS), choices=list(FOLDERS))
    parser.add_argument("--recipe", default="default", help="a name for the settings that follow")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options, words = parser.parse_known_args()
    report: dict[str, Any] = {"runs": {}}
    if TARGET.is_file():
        report = json.loads(TARGET.read_text(encoding="utf-8"))
    paths: dict[str, Path] = {}
    rows: dict[str, list[commands.Row]] = {}
    for name in options.only:
        folder, path = FOLDERS[name], getattr(options, name, None) or RUNS / "data" / name
        if folder.make and not path.is_dir():
            folder.make(path, options)
        if not path.is_dir():
            print(f"{name}: left out; give --{name} FOLDER")
            continue
        recipes = report["runs"].setdefault(name, {})
        for baseline, (of, group) in BASELINES.items():
            if baseline not in recipes:
                images = data.load(str(path), "all", size=folder.size)
                begun = time.perf_counter()
                read = group(of(images), len(images.classes))
                recipes[baseline] = [{"seed": 0} | scored(images, read, begun)]
        paths[name], rows[name] = path, recipes.get(options.recipe, [])

    def write_all() -> None:
        for name, own in rows.items():
            report["runs"][name][options.recipe] = own
        write(report, options.recipe, words)

    commands.collect(
        lambda name, seed: trained(name, seed, paths[name], options.recipe, words),
        [
            (name, seed)
            for seed in options.seeds
            for name in paths
            if seed not in {row["seed"] for row in rows[name]}
        ],
        rows,
        options.processes,
        write_all,
    )
    write_all()


def write(report: dict[str, Any], recipe: str, words: list[str]) -> None:
    """The file, with its summary."""
    report["machine"] = Engine.of(IMAGES).describe() | {"threads": 1}
    report["command"] = (
        "python benchmarks/folders.py --hands hands/ --cifar10 cifar10/ --mnist mnist/"
    )
    report.setdefault("words", {})[recipe] = " ".join(words)
    report["baselines"] = list(BASELINES)
    report["summary"] = summary(report["runs"])
    TARGET.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
