"""Tables of README.md, README.zh-CN.md and docs/quality.md."""

import json
import statistics
from collections.abc import Iterator
from typing import Any

from tables.base import (
    RESULTS,
    deviation,
    machine_of,
    numbers,
    percent,
    read,
    say,
    seconds_of,
    table,
    threads_of,
)


def studies(spare: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and report of each quality study with ten categories, or with categories to spare."""
    for path in sorted(RESULTS.glob("quality-*.json")):
        report = json.loads(path.read_text(encoding="utf-8"))
        if (report["runs"][0]["validation"]["k"] > 10) == spare:
            yield path.stem.removeprefix("quality-"), report


def scored() -> Iterator[tuple[str, dict[str, Any], str, str]]:
    """Each quality study with ten categories: its name, its report, and the image sets scored."""
    sets = {"validation": "its held-out images", "unseen": "MNIST's last 10,000, unseen"}
    for name, report in studies(spare=False):
        for part, words in sets.items():
            if part in report["summary"]:
                yield name, report, part, words


def quality() -> str:
    """Clustering accuracy of each measured preset: median and worst of its seeds."""
    rows = []
    for name, report, part, words in scored():
        runs, machine, summary = report["runs"], report["machine"], report["summary"][part]
        how = [machine["dtype"], threads_of(machine), say(report["note"])]
        accuracy = [f"{100 * summary[key]:.1f}" for key in ("median", "worst")]
        trained = f"{seconds_of(runs)} ({', '.join(filter(None, how))})"
        data = report["config"]["data"]["name"]
        rows.append([f"`{name}`", data, words, len(runs), *accuracy, trained])
    return table(
        "preset | trained on | scored on | seeds | median | worst | median training",
        rows,
        "Clustering accuracy (ACC) in %, K = 10, over consecutive seeds; "
        "[docs/quality.md](docs/quality.md) has every seed.",
    )


CHINESE = {
    "preset | trained on | scored on | seeds | median | worst | median training": (
        "预设 | 训练图像 | 评分图像 | 种子数 | 中位数 | 最差 | 训练时间中位数"
    ),
    "its held-out images": "自己的留出图像",
    "MNIST's last 10,000, unseen": "MNIST 最后 10,000 张（未见过）",
    "with other jobs running": "同时有其他任务运行",
    "two runs at a time; the preset then had 1,400 batches of 512": (
        "同时训练两次；当时的预设为 1,400 批，每批 512 张"
    ),
    "two or three runs at a time; the preset then had 2,000 batches of 128 and D on Q's layers": (
        "同时训练两三次；当时的预设为 2,000 批，每批 128 张，D 与 Q 共享各层"
    ),
    "one thread": "单线程",
    "Clustering accuracy (ACC) in %, K = 10, over consecutive seeds; "
    "[docs/quality.md](docs/quality.md) has every seed.": (
        "聚类准确率（ACC），单位 %，K = 10，种子连续取值；"
        "[docs/quality.md](docs/quality.md) 列出每一个种子。"
    ),
}
"""Words of the table of the README, and how README.zh-CN.md says them."""


def quality_in_chinese() -> str:
    """The same table for README.zh-CN.md."""
    text = quality()
    for english, chinese in CHINESE.items():
        text = text.replace(english, chinese)
    return text


def seeds() -> str:
    """Every seed of each measured preset."""
    rows, earlier = [], list[str]()
    for name, report, part, words in scored():
        if "preset then" in (note := say(report["note"])):
            earlier.append(f" The preset `{name}` then{note.partition('preset then')[2]}.")
        scores = [run[part] for run in report["runs"]]
        code = next(iter(scores[0]["information"]))
        accuracy = [score["cluster_accuracy"] for score in scores]
        nmi, ari = (statistics.mean(score[key] for score in scores) for key in ("nmi", "ari"))
        bound = statistics.mean(score["information"][code] for score in scores)
        spread = deviation([100 * value for value in accuracy], ".1f")
        figures = [spread, percent(accuracy), f"{nmi:.3f}", f"{ari:.3f}", f"{bound:.2f}"]
        rows.append([f"`{name}`", words, *figures])
    return table(
        "preset | scored on | mean ± std | every seed | NMI | ARI | L_I of category",
        rows,
        "Clustering accuracy (ACC) in %, seeds in their order (from 0, of `digits` from 20), none "
        f"left out.{''.join(dict.fromkeys(earlier))} NMI, ARI and "
        "L_I (nats) are means. Commands, settings, machine and every figure, recall by class among "
        "them, are in `benchmarks/results/`.",
    )


def ahead() -> str:
    """Presets over fresh seeds beside k-means and UMAP with a Gaussian mixture, by set."""
    report, rows = read("ahead"), []
    for name, runs in report["runs"].items():
        for baseline, found in report["baselines"].get(name, {}).items():
            overall = [f"{100 * found['cluster_accuracy']:.1f}", f"{found['nmi']:.3f}"]
            rows.append([name, baseline, "", "", "", *overall])
        figures = []
        for part in (runs, [run["all"] for run in runs]):
            accuracy = [100 * scores["cluster_accuracy"] for scores in part]
            worst = [f"{min(accuracy):.1f}"] if part is runs else []
            nmi = statistics.median(scores["nmi"] for scores in part)
            figures += [f"{statistics.median(accuracy):.1f}", *worst, f"{nmi:.3f}"]
        what = "as a folder" if name == "uneven" else f"`{report['words'][name]}`"
        rows.append([name, f"{what}, seeds {numbers(runs)}", *figures])
    return table(
        "set | what | median | worst | NMI | all images | NMI",
        rows,
        "ACC in % (medians of ACC and NMI over seeds) on held-out images, and on all images except "
        "the test sets of MNIST and Fashion-MNIST; most of these images were trained on. uneven: "
        "9,000 of MNIST at 16x16, classes of 8 to 17 %; its baselines are in docs/photos.md.",
        machine_of(report),
    )
