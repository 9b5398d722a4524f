"""Write the tables of README.md and docs/ from the result files: python benchmarks/readme.py [--check]."""

import json
import math
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
OLD_PURITY = "cluster_accuracy_many_to_one"
"""What older result files call purity."""


def read(name: str) -> dict[str, Any]:
    """One result file."""
    result: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return result


def percent(values: list[float]) -> str:
    """A list of shares."""
    return ", ".join(f"{100 * value:.1f}" for value in values)


def quality() -> str:
    """Cluster accuracy of each measured preset: median and worst of its seeds."""
    rows = [
        "| preset | trained on | scored on | seeds | median | worst | median training |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, report, part, words in scored():
        runs, machine, summary = report["runs"], report["machine"], report["summary"][part]
        threads = "one thread" if machine["threads"] == 1 else f"{machine['threads']} threads"
        how = ", ".join(part for part in (machine["dtype"], threads, report["note"]) if part)
        columns = [
            f"`{name}`",
            report["config"]["data"]["name"],
            words,
            str(len(runs)),
            f"{100 * summary['median']:.1f}",
            f"{100 * summary['worst']:.1f}",
            f"{statistics.median(run['seconds'] for run in runs):.0f} s ({how})",
        ]
        rows.append(f"| {' | '.join(columns)} |")
    return "\n".join(
        [
            *rows,
            "",
            "One-to-one accuracy in %, K = 10, of consecutive seeds; all of them in [docs](docs/quality.md).",
        ]
    )


def seeds() -> str:
    """Every seed of each measured preset."""
    rows = [
        "| preset | scored on | mean ± std | every seed | NMI | ARI | L_I of category |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, report, part, words in scored():
        scores = [run[part] for run in report["runs"]]
        code = next(iter(scores[0]["information"]))
        means = [statistics.mean(score[key] for score in scores) for key in ("nmi", "ari")]
        columns = [
            f"`{name}`",
            words,
            spread([100 * score["cluster_accuracy"] for score in scores], ".1f"),
            percent([score["cluster_accuracy"] for score in scores]),
            *(f"{mean:.3f}" for mean in means),
            f"{statistics.mean(score['information'][code] for score in scores):.2f}",
        ]
        rows.append(f"| {' | '.join(columns)} |")
    return "\n".join(
        [
            *rows,
            "",
            "One-to-one accuracy in %, seeds in their order from 0, none left out; NMI, ARI and L_I (nats) are means. "
            "Commands, settings, machine and every figure, recall by class among them, are in `benchmarks/results/`.",
        ]
    )


def studies(spare: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and report of each quality study with ten categories, or with categories to spare."""
    for path in sorted(RESULTS.glob("quality-*.json")):
        report = json.loads(path.read_text(encoding="utf-8"))
        if (report["runs"][0]["validation"]["k"] > 10) == spare:
            yield path.stem.removeprefix("quality-"), report


def scored() -> Iterator[tuple[str, dict[str, Any], str, str]]:
    """Each quality study with ten categories: its name, its report, and the sets of images that it scored on."""
    for name, report in studies(spare=False):
        for part, words in (
            ("validation", "its held-out images"),
            ("unseen", "MNIST's last 10,000, unseen"),
        ):
            if part in report["summary"]:
                yield name, report, part, words


def spare() -> str:
    """Many-to-one accuracy of runs with more categories than classes."""
    rows = [
        "| images | prior, K | steps | seeds | many to one | L_I; ln K | training |",
        "|---|---|---|---|---|---|---|",
    ]
    commands, found = [], list(studies(spare=True))
    if not found:
        return "Not measured yet."
    for _, report in found:
        scores = [run["validation"] for run in report["runs"]]
        bound = statistics.mean(
            score["information"][next(iter(score["information"]))] for score in scores
        )
        latent = report["config"]["latent"]
        prior = (
            next(
                code["probs"]
                for code in latent.values()
                if isinstance(code, dict) and code.get("k")
            )
            or "uniform"
        )
        columns = [
            report["config"]["data"]["name"],
            f"{prior}, {scores[0]['k']}",
            str(report["config"]["steps"]),
            ", ".join(str(run["seed"]) for run in report["runs"]),
            percent([score.get("purity", score.get(OLD_PURITY)) for score in scores]),
            f"{bound:.2f}; {math.log(scores[0]['k']):.2f}",
            f"{statistics.median(run['seconds'] for run in report['runs']):.0f} s",
        ]
        rows.append(f"| {' | '.join(columns)} |")
        commands.append(machine_of(report))
    return "\n".join([*rows, "", *commands])


def speed() -> str:
    """Images per second of the three loops."""
    report = read("speed")
    rows = [
        "| loop | dtype | images/s | GFLOP/s | peak GFLOP/s | utilisation | times the textbook |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in report["loops"].items():
        rows.append(
            f"| {name} | {row['dtype']} | {row['images_per_second']:.0f} | {row['gflops']:.0f} | "
            f"{row['peak_gflops']:.0f} | {row['utilisation']:.0%} | {row['times_textbook']:.2f} |"
        )
    return "\n".join([*rows, "", machine_of(report)])


def time() -> str:
    """Seconds to the goal, seed by seed."""
    report = read("time-to-quality")
    rows = ["| preset | median | by seed | steps |", "|---|---|---|---|"]
    for name, result in report["presets"].items():
        seconds = ", ".join(f"{run['seconds']:.0f} s" for run in result["runs"])
        steps = ", ".join(str(run["steps"]) for run in result["runs"])
        rows.append(f"| `{name}` | {result['median_seconds']:.0f} s | {seconds} | {steps} |")
    return "\n".join([*rows, "", machine_of(report)])


def family() -> str:
    """Every study of the family: what it reached, and its goal's figure."""
    report = read("family")
    rows = ["| study | settings | seeds | reached | training |", "|---|---|---|---|---|"]
    for study, (preset, options) in report["presets"].items():
        runs = [run for run in report["runs"] if run["study"] == study]
        if not runs:
            continue
        shown = [
            f"{words} {form(values)}"
            for key, words, form in FIGURES
            if (values := [run[key] for run in runs if key in run])
        ]
        if study == "gan-L_I":
            least = min(min(run["shares"]) for run in runs)
            shown.append(f"every digit in at least {least:.1%} of samples")
        seconds = statistics.median(run["seconds"] for run in runs)
        command = f"`train {preset}{' ' + options if options else ''}`"
        rows.append(f"| {study} | {command} | {len(runs)} | {'; '.join(shown)} | {seconds:.0f} s |")
    judge = f"Samples are judged by a classifier that errs on {report['judge_error']:.2%} of the held-out images."
    return "\n".join([*rows, "", judge, machine_of(report)])


def spread(values: list[float], form: str) -> str:
    """Mean ± standard deviation."""
    deviation = f" ± {format(statistics.stdev(values), form)}" if len(values) > 1 else ""
    return format(statistics.mean(values), form) + deviation


FIGURES: tuple[tuple[str, str, Callable[[list[float]], str]], ...] = (
    ("error", "error", lambda values: spread(values, ".2%")),
    ("purity", "many-to-one accuracy", lambda values: spread(values, ".1%")),
    (OLD_PURITY, "many-to-one accuracy", lambda values: spread(values, ".1%")),
    ("agreement", "asked-for class", lambda values: spread(values, ".2%")),
    ("mean_late", "L_I after step 300", lambda values: spread(values, ".3f")),
    (
        "reaches_2.25_at",
        "2.25 nats at step",
        lambda values: ", ".join(f"{v:.0f}" if v > 0 else "never" for v in values),
    ),
)
"""Of a family's row: key, words, and how its values are written."""


def explorer() -> str:
    """Frames, start and size of the explorer's pages."""
    report = read("explorer")
    rows = [
        "| run | images | parameters of G, of D and Q | page | ready | frame, median | frame, 95 % below |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, run in report["runs"].items():
        g, d = (f"{run['parameters'][part] / 1e6:.1f} M" for part in "gd")
        h, w, c = run["shape"]
        ready, frame = run["ready_ms"], run["frame_ms"]
        rows.append(
            f"| `{name}` | {h}x{w} {'grey' if c == 1 else 'RGB'} | {g}, {d} | {run['page_bytes'] / 1e6:.1f} MB | "
            f"{ready['median'] / 1000:.1f} s | {frame['median']:.1f} ms | {frame['p95']:.1f} ms |"
        )
    machine = report["machine"]
    return "\n".join(
        [
            *rows,
            "",
            f"`{report['command']}` in {report['browser']}, headless and without a GPU, on {machine['cores']} cores "
            f"({machine['processor']}); each page was opened {report['times']} times.",
        ]
    )


def reconstruction() -> str:
    """Error of images brought back, seed by seed."""
    report = read("photos")
    rows = [
        "| seed | error with the z found | with a random z | seconds an image |",
        "|---|---|---|---|",
    ]
    for run in report["runs"]:
        result = run["reconstruct"]
        seconds = f"{result['seconds']:.2f}"
        rows.append(
            f"| {run['seed']} | {result['searched']:.1f} | {result['random']:.1f} | {seconds} |"
        )
    return "\n".join(
        [*rows, "", f"Mean over held-out digits, grey levels of 0 to 255. {machine_of(report)}"]
    )


def sorting() -> str:
    """What a threshold sets aside, over the seeds."""
    report = read("photos")
    rows = [
        "| `--unsure` | set aside | accuracy of the rest | share of all errors set aside |",
        "|---|---|---|---|",
    ]
    for results in zip(*(run["sort"] for run in report["runs"]), strict=True):
        shares = (
            percent([result[key] for result in results]) for key in ("aside", "accuracy", "caught")
        )
        rows.append(f"| {results[0]['unsure']:g} | {' | '.join(shares)} |")
    images, seeds = (
        report["runs"][0]["images"],
        ", ".join(str(run["seed"]) for run in report["runs"]),
    )
    return "\n".join(
        [*rows, "", f"In %, of {images} held-out digits, one figure a seed ({seeds})."]
    )


def page() -> str:
    """Size of a report and the time to write it."""
    report = read("photos")
    size, seconds = (
        max(run["report"][key] for run in report["runs"]) for key in ("bytes", "seconds")
    )
    return f"For the digits it has {size / 1e6:.2f} MB and takes {seconds:.1f} s to write. {machine_of(report)}"


def codes() -> str:
    """The property of each continuous code, run by run, and how many runs reach the goals."""
    report = read("morphology")
    names = list(report["runs"][0]["assigned"])
    rows = [f"| run | {' | '.join(f'`{name}`' for name in names)} |", f"|---{'|---' * len(names)}|"]
    for run in report["runs"]:
        cells = [
            f"{row['property']} {row['sweeps']:+.2f}, {row['real']:+.2f}".replace("-", "−")
            for row in run["assigned"].values()
        ]
        rows.append(f"| {run['data']}, seed {run['seed']} | {' | '.join(cells)} |")
    reached, goals, n = report["reached"], report["goals"], len(report["runs"])
    return "\n".join(
        [
            *rows,
            "",
            "Of each code the property that it is assigned, rho over generated sweeps, rho over held-out images by "
            f"category. Every code of a run reaches {goals['sweeps']} over sweeps in {reached['sweeps']} of {n} runs, "
            f"{goals['real']} over real images in {reached['real']} of {n}. {machine_of(report)}",
        ]
    )


def imbalance() -> str:
    """Accuracy where digits are rare, seed by seed."""
    report, full, many = read("imbalance"), read("quality-mnist"), statistics.mean
    rows = [
        "| prior, K | seeds | one to one | recall of rare; common | rare ones rare | classes found | training |",
        "|---|---|---|---|---|---|---|",
    ]
    for variant in dict.fromkeys(run["variant"] for run in report["runs"]):
        runs = [run for run in report["runs"] if run["variant"] == variant]
        found = {
            part: [run[part]["named"] or run[part] for run in runs] for part in ("alike", "thinned")
        }
        accuracy = {
            part: percent([score["cluster_accuracy"] for score in scores])
            for part, scores in found.items()
        }
        kinds = [
            [
                many(r for d, r in score["recall"].items() if (int(d) in run["rare"]) == rare)
                for run, score in zip(runs, found["alike"], strict=True)
            ]
            for rare in (True, False)
        ]
        k, prior = runs[0]["alike"]["k"], "learned" if runs[0]["prior"] else "uniform"
        columns = [
            f"{prior}, {k}"
            + (f" merged into {found['alike'][0]['k']}" if "classes" in runs[0] else ""),
            ", ".join(str(run["seed"]) for run in runs),
            accuracy["alike"],
            "; ".join(map(percent, kinds)),
            accuracy["thinned"],
            ", ".join(str(run.get("classes", "–")) for run in runs),
            f"{statistics.median(run['seconds'] for run in runs):.0f} s",
        ]
        rows.append(f"| {' | '.join(columns)} |")
    about = (
        "One to one and recall in % on held-out MNIST, all digits alike; rare ones rare: one to one "
        "on images of which the rare digits keep a tenth, as in training. Of five "
        f"digits, others for each seed, {report['stays']:.0%} of the images stay. {report['config']['steps']} steps; "
        f"the `mnist` preset on all images, ten categories, {full['config']['steps']} steps: "
        f"{percent([full['summary']['validation']['median']])} (median of {len(full['runs'])} seeds). "
        "Classes found: what `infogan merge` makes of the categories when it is not told how many."
    )
    return "\n".join([*rows, "", about, machine_of(report)])


def reliability() -> str:
    """What each fault harness tried, and how often it went wrong."""
    parts = read("reliability")["parts"]
    rows = [
        "| harness | planned | tried | failed | failure rate at most (95 %) |",
        "|---|---|---|---|---|",
    ]
    notes = []
    for part, found in parts.items():
        for name, tally in found.items() if part == "mutations" else [(part, found)]:
            if "trials" not in tally:
                continue
            bound = f"{tally['upper_bound']:.2g}" if tally["upper_bound"] else "–"
            label = f"mutated `{name}`" if part == "mutations" else name
            rows.append(
                f"| {label} | {tally['planned']:,} | {tally['trials']:,} | {tally['failures']:,} | {bound} |"
            )
    kills, saving = parts["SIGKILL"], parts["saving"]
    notes.append(
        f"Of the kills {kills['inside a save']} were inside a save, and {kills['runs killed three times or more']} "
        f"runs were killed three times or more. Saving the `{saving['preset']}` preset every "
        f"{saving['steps between saves']} steps took {saving['share of time']:.2%} of the time "
        f"({saving['seconds a save']:.2f} s a save), the check of each step "
        f"{saving['share of the check of each step']:.2%}."
    )
    return "\n".join([*rows, "", *notes, "", machine_of(read("reliability"))])


def doctor() -> str:
    """What the doctor was asked for and what it said, and where the thresholds lie."""
    report = read("doctor")
    rows = [
        "| finding | measured | threshold | worst run without it | best run with it | runs | said, of fresh runs "
        "| of all |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, fit in report["fitted"].items():
        values = ("–" if fit[key] is None else f"{fit[key]:.2f}" for key in ("healthy", "broken"))
        said = (
            " of ".join(map(str, report[half]["by_finding"][name])) for half in ("fresh", "all")
        )
        runs = f"{fit['runs'][0]} with, {fit['runs'][1]} without"
        cells = [name, fit["measured"], f"{fit['threshold']:g}", *values, runs, *said]
        rows.append(f"| {' | '.join(cells)} |")
    notes, first = [], report["first_fresh_seed"]
    for half, words in (("fresh", f"Fresh runs, of seeds from {first} on"), ("all", "All runs")):
        part = report[half]
        notes.append(
            f"{words}: {part['runs']} runs, of which {part['healthy']} are sound. Recall {part['recall']:.1%} of "
            f"{part['causes']} causes; false alarms in {part['false_alarms']:.1%} of the runs, and in "
            f"{part['healthy_alarmed']} of the sound ones."
        )
    return "\n".join([*rows, "", *notes, "", machine_of(report)])


def selection() -> str:
    """How well each score without labels predicts accuracy, and chooses."""
    report = read("selection")
    rows = [
        "| score | Spearman's rho with accuracy | hits in 10 groups | hits in random groups | points lost on average |",
        "|---|---|---|---|---|",
    ]
    for name, row in report["scores"].items():
        figures = f"{row['spearman']:.2f} | {row['hits']} | {row['hit_rate']:.0%} | {100 * row['mean_loss']:.2f}"
        rows.append(f"| {name} | {figures} |")
    chance, accuracy = report["chance"], report["accuracy"]
    rows.append(
        f"| any run, by chance | – | – | {chance['hit_rate']:.0%} | {100 * chance['mean_loss']:.2f} |"
    )
    middle = statistics.median(accuracy)
    scored = (
        f"{len(accuracy)} runs of {min(accuracy):.1%} to {max(accuracy):.1%} (median {middle:.1%}) on "
        f"{report['images']['scored']:,} images of MNIST that are not among the embedded digits; "
        f"{report['random_groups']:,} random groups of five."
    )
    return "\n".join([*rows, "", scored, machine_of(report)])


def machine_of(report: dict[str, Any]) -> str:
    """The line below a table."""
    machine = report["machine"]
    threads = "one thread" if machine["threads"] == 1 else f"{machine['threads']} threads"
    note = f", {report['note']}" if report.get("note") else ""
    return (
        f"`{report['command']}` on {machine['cores']} cores ({machine['processor']}), torch {machine['torch']}, "
        f"{threads}{note}."
    )


TABLES: dict[str, tuple[str, Callable[[], str]]] = {
    "selection": ("docs/selection.md", selection),
    "quality": ("README.md", quality),
    "seeds": ("docs/quality.md", seeds),
    "family": ("docs/family.md", family),
    "speed": ("docs/performance.md", speed),
    "time": ("docs/performance.md", time),
    "explorer": ("docs/explorer.md", explorer),
    "reconstruction": ("docs/report.md", reconstruction),
    "sorting": ("docs/report.md", sorting),
    "page": ("docs/report.md", page),
    "doctor": ("docs/doctor.md", doctor),
    "codes": ("docs/codes.md", codes),
    "spare": ("docs/categories.md", spare),
    "imbalance": ("docs/categories.md", imbalance),
    "reliability": ("docs/reliability.md", reliability),
}
"""Tables by the name in their markers: the file they stand in, and how they are made."""


def main() -> None:
    """Write every table between its markers; with --check, only say whether that would change anything."""
    stale = []
    for name, (file, table) in TABLES.items():
        path = ROOT / file
        text = path.read_text(encoding="utf-8")
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        after = rest.partition(end)[2]
        try:
            written = f"{before}{begin}\n{table()}\n{end}{after}"
        except FileNotFoundError:
            written = f"{before}{begin}\nNot measured yet.\n{end}{after}"
        if written != text:
            stale.append(file)
            if "--check" not in sys.argv:
                path.write_text(written, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.exit(
            f"{', '.join(stale)}: tables differ from benchmarks/results; run python benchmarks/readme.py"
        )


if __name__ == "__main__":
    main()
