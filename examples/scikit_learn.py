"""InfoGAN's clusters beside those of k-means and a Gaussian mixture, on the 5,000 embedded digits.

    python examples/scikit_learn.py                      one seed, 600 steps, a minute or two
    python examples/scikit_learn.py --seeds 0 1 2        means over three seeds

All three learn from the same images without their labels, and are scored by scikit-learn's metrics
on held-out images. The mixture sees principal components: a covariance of 784 pixels is singular.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from sklearn.base import ClusterMixin
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import (
    adjusted_mutual_info_score,
    adjusted_rand_score,
    completeness_score,
    homogeneity_score,
)
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline

import infogan as ig
from infogan.sklearn import InfoGANClusterer
from infogan.training.device import Engine

METRICS = {
    "ARI": adjusted_rand_score,
    "AMI": adjusted_mutual_info_score,
    "homogeneity": homogeneity_score,
    "completeness": completeness_score,
}


def methods(seed: int, steps: int) -> dict[str, ClusterMixin]:
    """What is compared, by name."""
    mixture = GaussianMixture(10, random_state=seed)
    return {
        "KMeans": KMeans(10, n_init=10, random_state=seed),
        "PCA + GaussianMixture": make_pipeline(PCA(50, random_state=seed), mixture),
        "InfoGANClusterer": InfoGANClusterer(10, steps=steps, random_state=seed, verbose=True),
    }


def compared(seed: int, steps: int) -> list[dict[str, Any]]:
    """A row for each method: its name, seed, seconds, and scores on held-out images."""
    learned, held_out = (ig.data.load("digits", split) for split in ("train", "validation"))
    x, new = (images.pixels.reshape(len(images), -1) for images in (learned, held_out))
    rows = []
    for name, method in methods(seed, steps).items():
        begun = time.perf_counter()
        found = method.fit(x).predict(new)
        row = {"method": name, "seed": seed, "seconds": time.perf_counter() - begun}
        row |= {metric: float(score(held_out.labels, found)) for metric, score in METRICS.items()}
        rows.append(row)
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    """The means over seeds as a table."""
    columns = [*METRICS, "seconds"]
    print(f"{'':<22}" + "".join(f"{column:>14}" for column in columns))
    for name in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == name]
        means = [sum(row[column] for row in own) / len(own) for column in columns]
        print(f"{name:<22}" + "".join(f"{mean:>14.3f}" for mean in means))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=600, help="generator steps of InfoGAN")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--output", type=Path, help="file for the scores, as JSON")
    parser.add_argument("--note", default="", help="how the machine was used, for that file")
    given = parser.parse_args(arguments)
    rows = [row for seed in given.seeds for row in compared(seed, given.steps)]
    show(rows)
    if given.output:
        seeds = " ".join(map(str, given.seeds))
        command = f"python examples/scikit_learn.py --steps {given.steps} --seeds {seeds}"
        report = {"command": command, "machine": Engine.of(ig.RunConfig()).describe()}
        report |= {"note": given.note, "steps": given.steps, "rows": rows}
        given.output.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
