"""Write the tables of README.md and docs/ from the result files.

python benchmarks/readme.py            writes them between their markers
python benchmarks/readme.py --check    fails if that would change one
"""

import json
import math
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
WORDS = {
    "beside other work": "with other jobs running",
    "beside other runs; the other rows with --only of their variant and seeds": (
        "with other runs at the same time; the other rows used --only with their variant and seeds"
    ),
    "beside other runs": "with other runs at the same time",
    "beside one other run": "with one other run at the same time",
    "with the batches of 64 that both presets then had": (
        "with batches of 64, which both presets had at the time"
    ),
    "two runs at a time": "two runs at a time; the preset then had 1,400 batches of 512",
    "two or three runs at a time": (
        "two or three runs at a time; the preset then had 2,000 batches of 128, J its full weight"
    ),
    "ours fp32": "infogan fp32",
    "ours default": "infogan, default",
    "agreement, one to one": "agreement, clustering accuracy",
    "information, shared with a changed copy": "information, shared with one augmented view",
    "information, shared with 4 copies": "information, shared with 4 augmented views",
    "the same on held-out images, runs alone last: `select`": (
        "the same on held-out images, lone runs last: `select`"
    ),
    "share of a code that Q reads": "fraction of a code that Q recovers",
    "the finished model's share over that in training": (
        "fraction that the finished model recovers, over that in training"
    ),
    "share of images over the prior": "share of images, over the prior",
    "probability to cross between two categories": "probability of crossing between two categories",
}
"""Words of result files that were written before the present terms, and how the tables say them."""


def say(words: str) -> str:
    """The present form of some words of a result file."""
    return WORDS.get(words, words)


def read(name: str) -> dict[str, Any]:
    """One result file."""
    result: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return result


def table(header: str, rows: Iterable[Iterable[object]], *below: str) -> str:
    """A Markdown table, and the lines below it."""
    columns = header.split(" | ")
    lines = [columns, *rows]
    shown = [f"| {' | '.join(map(str, line))} |" for line in lines]
    return "\n".join([shown[0], "|---" * len(columns) + "|", *shown[1:], "", *below])


def percent(values: Iterable[float]) -> str:
    """A list of shares."""
    return ", ".join(f"{100 * value:.1f}" for value in values)


def numbers(runs: Iterable[dict[str, Any]], key: str = "seed") -> str:
    """A list of whole numbers, one a run."""
    return ", ".join(str(run.get(key, "–")) for run in runs)


def deviation(values: list[float], form: str) -> str:
    """Mean ± standard deviation."""
    around = f" ± {format(statistics.stdev(values), form)}" if len(values) > 1 else ""
    return format(statistics.mean(values), form) + around


def seconds_of(runs: Iterable[dict[str, Any]]) -> str:
    """The median time of training."""
    return f"{statistics.median(run['seconds'] for run in runs):.0f} s"


def purity_of(score: dict[str, Any]) -> float:
    """The purity of a score, under its present or its former key."""
    return float(score.get("purity", score.get("cluster_accuracy_many_to_one", math.nan)))


def threads_of(machine: dict[str, Any]) -> str:
    """The number of threads, in words."""
    return "one thread" if machine["threads"] == 1 else f"{machine['threads']} threads"


def machine_of(report: dict[str, Any]) -> str:
    """The line below a table: the command, but for its note, which stands at the end."""
    machine, note = report["machine"], report.get("note")
    command = report["command"].replace(f" --note {note}", "")
    return (
        f"`{command}` on {machine['cores']} cores ({machine['processor']}), torch "
        f"{machine['torch']}, {threads_of(machine)}{f', {say(note)}' if note else ''}."
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
    "two or three runs at a time; the preset then had 2,000 batches of 128, J its full weight": (
        "同时训练两三次；当时的预设为 2,000 批，每批 128 张，J 为全权重"
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
    rows = []
    for name, report, part, words in scored():
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
        "left out. NMI, ARI and "
        "L_I (nats) are means. Commands, settings, machine and every figure, recall by class among "
        "them, are in `benchmarks/results/`.",
    )


def spare() -> str:
    """Purity of runs with more categories than classes."""
    found, rows = [report for _, report in studies(spare=True)], []
    for report in found:
        config, runs = report["config"], report["runs"]
        scores = [run["validation"] for run in runs]
        k = scores[0]["k"]
        bound = statistics.mean(next(iter(score["information"].values())) for score in scores)
        codes = [code for code in config["latent"].values() if isinstance(code, dict)]
        prior = next(code["probs"] for code in codes if code.get("k")) or "uniform"
        purity = percent(map(purity_of, scores))
        information = f"{bound:.2f}; {math.log(k):.2f}"
        settings = [config["data"]["name"], f"{prior}, {k}", config["steps"], numbers(runs)]
        rows.append([*settings, purity, information, seconds_of(runs)])
    if not found:
        return "Not measured yet."
    return table(
        "images | prior, K | steps | seeds | purity | L_I; ln K | training",
        rows,
        *map(machine_of, found),
    )


def speed() -> str:
    """Images per second of the three loops."""
    report = read("speed")
    rows = [
        [
            say(name),
            row["dtype"],
            *(f"{row[key]:.0f}" for key in ("images_per_second", "gflops", "peak_gflops")),
            f"{row['utilisation']:.0%}",
            f"{row['times_textbook']:.2f}",
        ]
        for name, row in report["loops"].items()
    ]
    return table(
        "loop | dtype | images/s | GFLOP/s | peak GFLOP/s | utilisation | times the textbook",
        rows,
        machine_of(report),
    )


def time() -> str:
    """Seconds to the goal, seed by seed."""
    report = read("time-to-quality")
    rows = []
    for name, result in report["presets"].items():
        taken = ", ".join(f"{run['seconds']:.0f} s" for run in result["runs"])
        median = f"{result['median_seconds']:.0f} s"
        rows.append([f"`{name}`", median, taken, numbers(result["runs"], "steps")])
    return table("preset | median | by seed | steps", rows, machine_of(report))


FIGURES: tuple[tuple[str, str, Callable[[list[float]], str]], ...] = (
    ("error", "error", lambda values: deviation(values, ".2%")),
    ("purity", "purity", lambda values: deviation(values, ".1%")),
    ("cluster_accuracy_many_to_one", "purity", lambda values: deviation(values, ".1%")),
    ("agreement", "samples of the requested class", lambda values: deviation(values, ".2%")),
    ("mean_late", "L_I after step 300", lambda values: deviation(values, ".3f")),
    (
        "reaches_2.25_at",
        "2.25 nats at step",
        lambda values: ", ".join(f"{v:.0f}" if v > 0 else "never" for v in values),
    ),
)
"""Figures of a row of the family: key, words, and how the values are written."""


def family() -> str:
    """Every study of the family: what it reached, and the figure of its goal."""
    report = read("family")
    rows = []
    for study, (preset, options) in report["presets"].items():
        runs = [run for run in report["runs"] if run["study"] == study]
        if not runs:
            continue
        reached = [
            f"{words} {form(values)}"
            for key, words, form in FIGURES
            if (values := [run[key] for run in runs if key in run])
        ]
        if study == "gan-L_I":
            least = min(min(run["shares"]) for run in runs)
            reached.append(f"every digit in at least {least:.1%} of samples")
        command = " ".join(filter(None, ("train", preset, options)))
        rows.append([study, f"`{command}`", len(runs), "; ".join(reached), seconds_of(runs)])
    judge = (
        f"Samples are judged by a classifier with an error of {report['judge_error']:.2%} on the "
        "held-out images."
    )
    header = "study | settings | seeds | reached | training"
    return table(header, rows, judge, machine_of(report))


def explorer() -> str:
    """Frames, start and size of the explorer's pages."""
    report = read("explorer")
    rows = []
    for name, run in report["runs"].items():
        h, w, c = run["shape"]
        weights = ", ".join(f"{run['parameters'][part] / 1e6:.1f} M" for part in "gd")
        images = f"{h}x{w} {'grey' if c == 1 else 'RGB'}"
        page, ready = run["page_bytes"] / 1e6, run["ready_ms"]["median"] / 1000
        frame = [f"{run['frame_ms'][key]:.1f} ms" for key in ("median", "p95")]
        rows.append([f"`{name}`", images, weights, f"{page:.1f} MB", f"{ready:.1f} s", *frame])
    machine = report["machine"]
    return table(
        "run | images | parameters of G, of D and Q | page | ready | frame, median | "
        "frame, 95 % below",
        rows,
        f"`{report['command']}` in {report['browser']}, headless and without a GPU, on "
        f"{machine['cores']} cores ({machine['processor']}); each page was opened "
        f"{report['times']} times.",
    )


def reconstruction() -> str:
    """Error of reconstructed images, seed by seed."""
    report = read("photos")
    rows = []
    for run in report["runs"]:
        found = run["reconstruct"]
        errors = [f"{found[key]:.1f}" for key in ("searched", "random")]
        rows.append([run["seed"], *errors, f"{found['seconds']:.2f}"])
    return table(
        "seed | error with the z found | with a random z | seconds per image",
        rows,
        f"Mean over held-out digits, in grey levels of 0 to 255. {machine_of(report)}",
    )


def sorting() -> str:
    """What a threshold sets aside, over the seeds."""
    runs = read("photos")["runs"]
    rows = []
    for found in zip(*(run["sort"] for run in runs), strict=True):
        keys = ("aside", "accuracy", "caught")
        shares = (percent(result[key] for result in found) for key in keys)
        rows.append([f"{found[0]['unsure']:g}", *shares])
    return table(
        "`--unsure` | set aside | accuracy of the rest | share of all errors set aside",
        rows,
        f"In %, of {runs[0]['images']} held-out digits, one figure per seed ({numbers(runs)}).",
    )


def page() -> str:
    """Size of a report and the time to write it."""
    report = read("photos")
    size, taken = (
        max(run["report"][key] for run in report["runs"]) for key in ("bytes", "seconds")
    )
    return (
        f"For the digits the page has {size / 1e6:.2f} MB and takes {taken:.1f} s to write. "
        f"{machine_of(report)}"
    )


def codes() -> str:
    """The property of each continuous code, run by run, and how many runs reach the goals."""
    report = read("morphology")
    rows = [
        [
            f"{run['data']}, seed {run['seed']}",
            *(
                f"{row['property']} {row['sweeps']:+.2f}, {row['real']:+.2f}".replace("-", "−")
                for row in run["assigned"].values()
            ),
        ]
        for run in report["runs"]
    ]
    reached, goals, n = report["reached"], report["goals"], len(report["runs"])
    names = [f"`{name}`" for name in report["runs"][0]["assigned"]]
    return table(
        " | ".join(["run", *names]),
        rows,
        "Each cell has the property that the code is assigned, rho over generated sweeps, and rho "
        f"over held-out images within categories. All codes of a run reach {goals['sweeps']} over "
        f"sweeps in {reached['sweeps']} of {n} runs, and {goals['real']} over real images in "
        f"{reached['real']} of {n}. {machine_of(report)}",
    )


def imbalance() -> str:
    """Accuracy where digits are rare, seed by seed."""
    report, full = read("imbalance"), read("quality-mnist")
    rows = []
    for variant in dict.fromkeys(run["variant"] for run in report["runs"]):
        runs = [run for run in report["runs"] if run["variant"] == variant]
        alike, thinned = (
            [run[part]["named"] or run[part] for run in runs] for part in ("alike", "thinned")
        )
        recall = [
            percent(
                statistics.mean(
                    r for d, r in s["recall"].items() if (int(d) in run["rare"]) == rare
                )
                for run, s in zip(runs, alike, strict=True)
            )
            for rare in (True, False)
        ]
        prior = f"{'learned' if runs[0]['prior'] else 'uniform'}, {runs[0]['alike']['k']}"
        merged = f" merged into {alike[0]['k']}" if "classes" in runs[0] else ""
        accuracy = [percent(s["cluster_accuracy"] for s in part) for part in (alike, thinned)]
        cells = [prior + merged, numbers(runs), accuracy[0], "; ".join(recall), accuracy[1]]
        rows.append([*cells, numbers(runs, "classes"), seconds_of(runs)])
    return table(
        "prior, K | seeds | ACC | recall of rare; common | ACC, rare digits rare | classes found | "
        "training",
        rows,
        "ACC (clustering accuracy) and recall in % on held-out MNIST with all digits equally "
        "frequent. ACC, rare digits rare: on images in which the rare digits keep a tenth, as in "
        f"training. {report['stays']:.0%} of the images of five digits stay, different digits for "
        f"each seed. There are {report['config']['steps']} steps. For comparison, the `mnist` "
        f"preset on all images reaches {percent([full['summary']['validation']['median']])} with "
        f"ten categories and {full['config']['steps']} steps (median of {len(full['runs'])} "
        "seeds). Classes found: how many `infogan merge` makes of the categories when it is not "
        "given a number.",
        machine_of(report),
    )


def reliability() -> str:
    """What each fault harness tried, and how often it went wrong."""
    report = read("reliability")
    parts, rows = report["parts"], []
    for part, found in parts.items():
        for name, tally in found.items() if part == "mutations" else [(part, found)]:
            if "trials" in tally:
                label = f"mutated `{name}`" if part == "mutations" else name
                counts = [f"{tally[key]:,}" for key in ("planned", "trials", "failures")]
                bound = f"{tally['upper_bound']:.2g}" if tally["upper_bound"] else "–"
                rows.append([label, *counts, bound])
    kills, saving = parts["SIGKILL"], parts["saving"]
    note = (
        f"{kills['inside a save']} of the kills came during a save, and "
        f"{kills['runs killed three times or more']} runs were killed three times or more. Saving "
        f"the `{saving['preset']}` preset every {saving['steps between saves']} steps took "
        f"{saving['share of time']:.2%} of the time ({saving['seconds a save']:.2f} s per save), "
        f"and the check of each step {saving['share of the check of each step']:.2%}."
    )
    header = "harness | planned | tried | failed | failure rate at most (95 %)"
    return table(header, rows, note, "", machine_of(report))


def doctor() -> str:
    """What the doctor should have found and what it found, and where the thresholds lie."""
    report = read("doctor")
    rows = []
    for name, fit in report["fitted"].items():
        ends = ("–" if fit[key] is None else f"{fit[key]:.2f}" for key in ("healthy", "broken"))
        found = (
            " of ".join(map(str, report[half]["by_finding"][name])) for half in ("fresh", "all")
        )
        runs = f"{fit['runs'][0]} with, {fit['runs'][1]} without"
        rows.append([say(name), say(fit["measured"]), f"{fit['threshold']:g}", *ends, runs, *found])
    notes, first = [], report["first_fresh_seed"]
    for half, words in (("fresh", f"Fresh runs, with seeds from {first} on"), ("all", "All runs")):
        part = report[half]
        notes.append(
            f"{words}: {part['runs']} runs, of which {part['healthy']} are healthy. Recall "
            f"{part['recall']:.1%} of {part['causes']} causes; false positives in "
            f"{part['false_alarms']:.1%} of the runs, and in {part['healthy_alarmed']} of the "
            "healthy ones."
        )
    return table(
        "finding | measured | threshold | worst run without it | best run with it | runs | "
        "found, fresh runs | found, all runs",
        rows,
        *notes,
        "",
        machine_of(report),
    )


def selection() -> str:
    """How well each score without labels predicts accuracy, and chooses."""
    report = read("selection")
    rows = [
        [
            say(name),
            f"{row['spearman']:.2f}",
            row["hits"],
            f"{row['hit_rate']:.0%}",
            f"{100 * row['mean_loss']:.2f}",
        ]
        for name, row in report["scores"].items()
    ]
    chance, accuracy = report["chance"], report["accuracy"]
    rates = [f"{chance['hit_rate']:.0%}", f"{100 * chance['mean_loss']:.2f}"]
    return table(
        "score | Spearman's rho with accuracy | hits in 10 groups | hits in random groups | "
        "points lost on average",
        [*rows, ["any run, by chance", "–", "–", *rates]],
        f"{len(accuracy)} runs of {min(accuracy):.1%} to {max(accuracy):.1%} (median "
        f"{statistics.median(accuracy):.1%}) on {report['images']['scored']:,} images of MNIST "
        f"that are not among the embedded digits; {report['random_groups']:,} random groups of "
        "five.",
        machine_of(report),
    )


def folders() -> str:
    """Every folder with what was tried on it."""
    report = read("folders")
    rows = []
    for name, recipes in report["runs"].items():
        for recipe, runs in recipes.items():
            good = [run for run in runs if "cluster_accuracy" in run]
            each = [100 * run["cluster_accuracy"] for run in good]
            failed = f", {len(runs) - len(good)} failed" if len(runs) > len(good) else ""
            found = sorted({finding for run in good for finding in run.get("findings", ())})
            rows.append(
                [
                    name,
                    recipe if recipe in report["baselines"] else f"infogan, {recipe}",
                    f"{statistics.median(each):.1f}",
                    ", ".join(f"{value:.1f}" for value in each) + failed,
                    f"{statistics.median(run['nmi'] for run in good):.2f}",
                    ", ".join(f"{run['kept']:.0%}" for run in good if "kept" in run) or "–",
                    f"{statistics.median(run['seconds'] for run in good) / 60:.1f}",
                    ", ".join(found) or "–",
                ]
            )
    own = [
        run
        for recipes in report["runs"].values()
        for recipe, runs in recipes.items()
        for run in runs
        if recipe not in report["baselines"]
    ]
    seeds = sorted({run["seed"] for run in own})
    return table(
        "folder | what | median ACC | each seed | NMI | views kept | minutes | the doctor found",
        rows,
        "ACC (clustering accuracy) in %. infogan: on held-out images, seeds from "
        f"{', '.join(map(str, seeds))}; the others: on all images. Views kept: the share of "
        "augmented views that keep their image's category, which needs no label. Minutes are those "
        "of training, one thread, two or three runs at a time. "
        + " ".join(f"`{name}`: {words}." for name, words in report["words"].items() if words),
        machine_of(report),
    )


def ideas() -> str:
    """What was tried for photos, in its order."""
    report = read("photo-ideas")
    rows = [
        [row["folder"], row["idea"], row["seed"], row["steps"], row["seconds"], row["accuracy"]]
        for row in report["rows"]
    ]
    return table(
        "folder | idea | seed | steps | seconds | ACC",
        rows,
        "ACC in % of held-out images (every tenth; of all images where features were cached or "
        "eight blocks learned on cifar10). Rows were measured while the preset was made, "
        "the first with a prototype, on one thread of 2 cores (AMD EPYC), with other jobs running.",
    )


def fidelity() -> str:
    """What generators cover: medians over seeds."""
    report = read("fidelity")
    rows = []
    for label, found in report["summary"].items():
        lowest = f"{found['worst_recall_of_seeds']:.2f}"
        shares = [f"{found[key]:.2f}" for key in ("precision", "recall")]
        within = f"{found['recall_worst']:.2f}"
        acc = f"{100 * found['acc']:.1f}"
        minutes = f"{found['seconds'] / 60:.1f}"
        seeds = ", ".join(map(str, found["seeds"]))
        fd = f"{found['fd']:.1f}"
        rows.append([label, seeds, fd, *shares, lowest, within, acc, minutes])
    return table(
        "settings | seeds | FD | precision | recall | lowest of the seeds | lowest of a category "
        "| ACC | minutes",
        rows,
        "Medians over the seeds. 10,000 generated images against 10,000 held-out ones (of MNIST or "
        "of Fashion-MNIST), in features of the classifier for them. ACC in % of each run's own "
        "held-out images. Other runs went on beside these: the minutes are too many.",
        machine_of(report),
    )


def ablation(key: str = "ablation", preset: str = "digits") -> str:
    """What was tried for the generator of a preset, one seed each."""
    rows = [
        [
            row["idea"],
            f"{row['fd']:.1f}",
            f"{row['precision']:.2f}",
            f"{row['recall']:.2f}",
            f"{row['recall_worst']:.2f}",
            f"{100 * row['acc']:.1f}",
        ]
        for row in read("fidelity")[key]
    ]
    return table(
        f"`{preset}`, seed 0 | FD | precision | recall | lowest of a category | ACC",
        rows,
        "One seed: differences of some hundredths mean nothing.",
    )


def shared() -> str:
    """The largest difference of a weight between one process and several, by objective."""
    report = read("distributed")
    rows = [
        [
            f"`{name}`",
            *(f"{row[n]:.0e}" for n in ("2", "4")),
            *(f"{report['fp32'][name][n]:.0e}" for n in ("2", "4", "nudged")),
            f"{report['bf16'][name]['2']:.0e}",
        ]
        for name, row in report["equality"].items()
    ]
    return table(
        "objective of | float64, 2 processes | 4 | fp32, 2 | 4 | one, nudged | bf16, 2",
        rows,
        machine_of(report),
    )


def killed() -> str:
    """What became of a run of two processes, one of which was killed or stopped."""
    report = read("distributed")
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in report["kills"]:
        if "gone" in row:
            groups.setdefault(f"{row['signal']} to process {row['rank']}", []).append(row)
    rows = [
        [
            how,
            len(found),
            f"{max(row['gone'] for row in found):.0f} s",
            sum(any(f"process {row['rank']}" in line for line in row["said"]) for row in found),
            sum(row["resumed"] == 0 for row in found),
            sum(row["same_bytes"] for row in found),
        ]
        for how, found in sorted(groups.items())
    ]
    header = "what | times | the other gone within | named | went on | to the same bytes"
    return table(header, rows, machine_of(report))


def exchanged() -> str:
    """What a step computes and sends."""
    report = read("distributed")
    rows = [
        [
            f"`{name}`",
            row["batch"],
            f"{row['parameters'] / 1e6:.1f} M",
            f"{2 * row['flops'] / 1e9:.1f} G",
            f"{row['bytes'] / 1e6:.1f} MB",
            row["collectives"],
        ]
        for name, row in report["work"].items()
    ]
    header = (
        "preset | batch | parameters | operations a step | sent by each | collective operations"
    )
    return table(header, rows, machine_of(report))


def threaded() -> str:
    """Images per second of one process with two threads and of two with one; empty until that is
    measured."""
    report = read("distributed")
    if "speed" not in report:
        return ""
    rows = [
        [batch, *(f"{v:.0f}" for v in row.values()), f"{row['2 x 1'] / row['1 x 2']:.2f}"]
        for batch, row in report["speed"].items()
    ]
    header = "batch of `digits` | images/s, 1 process with 2 threads | 2 with 1 | ratio"
    words = "Two cores used by one process with two threads, or by two with one:"
    return f"{words}\n\n{table(header, rows, machine_of(report))}"


def scikit_learn() -> str:
    """The clusterer beside those of scikit-learn."""
    report = read("scikit-learn")
    metrics = ("ARI", "AMI", "homogeneity", "completeness")
    names = dict.fromkeys(row["method"] for row in report["rows"])
    found = {name: [row for row in report["rows"] if row["method"] == name] for name in names}
    rows = [
        [
            f"`{name}`" if " + " not in name else name,
            *(deviation([run[metric] for run in runs], ".3f") for metric in metrics),
            seconds_of(runs),
        ]
        for name, runs in found.items()
    ]
    own = found["InfoGANClusterer"]
    return table(
        f"estimator | {' | '.join(metrics)} | median training",
        rows,
        f"Mean ± standard deviation over the seeds {numbers(own)}; {report['steps']} steps of "
        f"the clusterer.",
        machine_of(report),
    )


def factors() -> str:
    """Scores of codes on sprites, over seeds, and of the run that was chosen without factors."""
    report, rows = read("factors"), []
    metrics = (
        "factor_vae",
        "dci",
        "sap",
        "explicitness",
        "modularity",
        "mig",
        "beta_vae",
        "info_m",
    )
    for recipe, runs in report["runs"].items():
        if recipe == "colour":
            continue
        middle = (statistics.median(run[metric] for run in runs) for metric in metrics)
        rows.append([f"{recipe}, median", numbers(runs), *(f"{value:.2f}" for value in middle)])
        best = max(runs, key=lambda run: float(run["factor_vae"]))
        picked = {"best FactorVAE": best["seed"]}
        if recipe in report["chosen"]:
            picked["chosen by ModelCentrality"] = report["chosen"][recipe]["seed"]
        for words, seed in picked.items():
            own = next(run for run in runs if run["seed"] == seed)
            values = (f"{own[metric]:.2f}" for metric in metrics)
            rows.append([f"{recipe}, {words}", seed, *values])
    told = ", ".join(f"{name}: `{words}`" for name, words in report["words"].items())
    return table(
        f"recipe | seeds | {' | '.join(f'`{metric}`' for metric in metrics)}",
        rows,
        f"What was trained: {told}.",
        machine_of(report),
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
        rows.append([name, f"`{report['words'][name]}`, seeds {numbers(runs)}", *figures])
    return table(
        "set | what | median | worst | NMI | all images | NMI",
        rows,
        "ACC in % (medians of ACC and NMI over seeds) on held-out images, and on all images but "
        "MNIST's and Fashion-MNIST's test sets, most of which were trained on.",
        machine_of(report),
    )


def followed() -> str:
    """How well codes that follow a property go with the factor, on real images, seed by seed."""
    report = read("factors")
    runs = report["runs"].get("colour", [])
    if not runs:
        return ""
    rows = [
        [f"`{code}`", f"{min(run['rho'][code] for run in runs):.2f}", *(f"{v:.2f}" for v in values)]
        for code in runs[0]["rho"]
        if (values := [run["rho"][code] for run in runs])
    ]
    header = " | ".join(["code", "least", *(f"seed {run['seed']}" for run in runs)])
    words = "`sprites-colour`, the rank correlation (without sign) of each code's mean over the "
    return table(header, rows, f"{words}held-out images with its factor.", machine_of(report))


TABLES: dict[str, tuple[str, Callable[[], str]]] = {
    "factors": ("docs/factors.md", factors),
    "ahead": ("docs/quality.md", ahead),
    "followed": ("docs/codes.md", followed),
    "selection": ("docs/selection.md", selection),
    "quality": ("README.md", quality),
    "quality-zh": ("README.zh-CN.md", quality_in_chinese),
    "seeds": ("docs/quality.md", seeds),
    "family": ("docs/family.md", family),
    "speed": ("docs/performance.md", speed),
    "time": ("docs/performance.md", time),
    "shared": ("docs/scaling.md", shared),
    "scikit-learn": ("docs/scikit-learn.md", scikit_learn),
    "killed": ("docs/scaling.md", killed),
    "exchanged": ("docs/scaling.md", exchanged),
    "threaded": ("docs/scaling.md", threaded),
    "explorer": ("docs/explorer.md", explorer),
    "reconstruction": ("docs/report.md", reconstruction),
    "sorting": ("docs/report.md", sorting),
    "page": ("docs/report.md", page),
    "doctor": ("docs/doctor.md", doctor),
    "codes": ("docs/codes.md", codes),
    "spare": ("docs/categories.md", spare),
    "imbalance": ("docs/categories.md", imbalance),
    "folders": ("docs/photos.md", folders),
    "ideas": ("docs/photos.md", ideas),
    "fidelity": ("docs/fidelity.md", fidelity),
    "ablation": ("docs/fidelity.md", ablation),
    "ablation-fashion": (
        "docs/fidelity.md",
        lambda: ablation("ablation_fashion", "fashion-mnist"),
    ),
    "reliability": ("docs/reliability.md", reliability),
}
"""Tables by the name in their markers: the file they are in, and the function that makes them."""


def main() -> None:
    """Write every table between its markers; with --check, only fail if that would change one."""
    stale = []
    for name, (file, make) in TABLES.items():
        path = ROOT / file
        text = path.read_text(encoding="utf-8")
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        after = rest.partition(end)[2]
        try:
            made = make()
        except FileNotFoundError:
            made = "Not measured yet."
        written = f"{before}{begin}\n{made}\n{end}{after}"
        if written != text:
            stale.append(file)
            if "--check" not in sys.argv:
                path.write_text(written, encoding="utf-8")
    if stale and "--check" in sys.argv:
        files = ", ".join(stale)
        sys.exit(f"{files}: tables differ from benchmarks/results; run python benchmarks/readme.py")


if __name__ == "__main__":
    main()
