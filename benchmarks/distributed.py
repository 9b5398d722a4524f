"""Several processes against one: are the weights the same, what does a step cost, who survives.

    python benchmarks/distributed.py equality      # every preset's objective, 50 steps
    python benchmarks/distributed.py kills         # a process killed or stopped at random moments
    python benchmarks/distributed.py speed         # 1 process with 2 threads against 2 with 1
    python benchmarks/distributed.py rows          # 1 to 257 images on 1 to 4 processes
    python benchmarks/distributed.py work          # operations and bytes of a step, as it comes
    python benchmarks/distributed.py large         # 1,000,000 images: seconds to start, memory

Equality is of small networks on 257 of the embedded digits, in batches of 32, at rates of 1e-4. In
float64 what is left is rounding; in float32 training enlarges it, as much as when one process
begins with weights that differ by 1e-7 of themselves ("nudged").

Writes benchmarks/results/distributed.json.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.utils.flop_counter import FlopCounterMode

from infogan import data
from infogan.config.presets import PRESETS, preset
from infogan.config.settings import RunConfig
from infogan.data import labels
from infogan.training.device import Engine
from infogan.training.distributed import join
from infogan.training.trainer import Trainer

TARGET = Path(__file__).parent / "results" / "distributed.json"
SMALL = {
    "dcgan": {"kind": "dcgan", "channels": [4, 8], "features": 16, "q_hidden": 8},
    "mlp": {"kind": "mlp", "d_layers": [16, 12, 8], "g_layers": [8, 8]},
    "photo": {"kind": "photo", "width": 4, "channels": 4, "hidden": 8},
}
LEARNED = "learned prior"  # beside the presets: digits whose prior follows what Q reads
REGULAR = "contrastive regulariser"  # digits whose G and H look at pairs from the second half on
FEWER = "fewer fakes"  # digits whose Q learns from more real images than the game compares
IMAGES, BATCH, FAKES = 257, 32, 16
RATE = 1e-4  # of both players: what rounding becomes grows with it, and differs between presets
ONE = os.environ | {"OMP_NUM_THREADS": "1"}
STEPS, KILLS, WAIT = 50, 20, 60.0


def small(name: str, steps: int, precision: str) -> RunConfig:
    """A preset's objective, codes, rates and views with small networks and batches."""
    chosen = preset("digits" if name in (LEARNED, REGULAR, FEWER) else name)
    tree = chosen.tree() | {"steps": steps, "batch": BATCH, "device": "cpu", "precision": precision}
    tree["networks"] = SMALL[tree["networks"]["kind"]]
    tree["data"] = preset("digits").tree()["data"]
    tree["optim"] |= {"d_lr": RATE, "g_lr": RATE}
    if name == FEWER or tree["objective"].get("fakes"):
        tree["objective"]["fakes"] = FAKES
    if name == LEARNED:
        tree["latent"]["digit"]["probs"] = "learned"
    if name == REGULAR:
        tree["objective"] |= {"cr": 1.0, "cr_from": 0.5}
        tree["networks"] = tree["networks"] | {"norm": "spectral"}
    return chosen.from_tree(tree)


def worker(names: list[str], out: Path, steps: int, kind: str, rows: int) -> None:
    """Train each of them, as one of the processes that torchrun started or alone; the first keeps
    the weights. kind: float64, fp32, bf16, or nudged, which is fp32 from other weights."""
    torch.set_num_threads(1)
    if kind == "float64":
        torch.set_default_dtype(torch.float64)
        torch.Tensor.float = torch.Tensor.double  # type: ignore[method-assign]
    images = data.load("digits", "train").subset(range(rows))
    processes = join(torch.device("cpu"))
    for name in names:
        config = small(name, steps, "bf16" if kind == "bf16" else "fp32")
        shown = images
        if config.labels is not None:
            shown = labels.reveal(images, config.labels, config.seed)
        trainer = Trainer(config, shown, processes=processes)
        if kind == "nudged":
            with torch.no_grad():
                for weight in trainer.model.networks.parameters():
                    weight.mul_(1 + 1e-7)
        while trainer.step < steps:
            trainer.advance()
        if processes.first:
            save_file(trainer.model.tensors(), out / f"{name}.safetensors")
    processes.leave()


def trained(names: list[str], out: Path, count: int, kind: str, rows: int = IMAGES) -> None:
    """Run the worker in so many processes."""
    out.mkdir(parents=True, exist_ok=True)
    start = [sys.executable]
    if count > 1:
        start += ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
    words = ["worker", *names, f"--out={out}", f"--kind={kind}", f"--rows={rows}"]
    env = os.environ | {"OMP_NUM_THREADS": "1", "INFOGAN_LOG": "error"}
    subprocess.run([*start, __file__, *words], env=env, check=True)


def difference(one: Path, other: Path) -> float:
    """The largest difference between weights of the same name."""
    first, second = load_file(one), load_file(other)
    return max(float((first[name].double() - second[name].double()).abs().max()) for name in first)


def equality(names: list[str]) -> dict[str, Any]:
    """By arithmetic, objective and number of processes: the largest difference from one process."""
    found: dict[str, Any] = {"equality": {name: {} for name in names}}
    with TemporaryDirectory() as folder:
        for kind, others in (("float64", (2, 4)), ("fp32", (2, 4)), ("bf16", (2,))):
            for count in (1, *others):
                trained(names, Path(folder) / f"{kind}-{count}", count, kind)
            if kind == "fp32":
                trained(names, Path(folder) / "fp32-nudged", 1, "nudged")
            table = found["equality"] if kind == "float64" else found.setdefault(kind, {})
            for name in names:
                row = table.setdefault(name, {})
                for count in (*others, *["nudged"] * (kind == "fp32")):
                    parts = (f"{kind}-{n}/{name}.safetensors" for n in (1, count))
                    row[str(count)] = difference(*(Path(folder) / part for part in parts))
                print(kind, name, row, flush=True)
    return found


def counted(names: list[str], out: Path) -> None:
    """Count what one step of presets as they come computes and exchanges, in each of two
    processes: multiplications and additions, parameters, collective operations, bytes sent."""
    images, processes = data.load("digits", "train"), join(torch.device("cpu"))
    sent: list[int] = []
    do = processes._do  # type: ignore[attr-defined]

    def counting(operation: Any, *values: Any) -> None:
        tensor = values[-1]
        sent.append(tensor.nbytes if isinstance(tensor, torch.Tensor) else 0)
        do(operation, *values)

    processes._do = counting  # type: ignore[attr-defined]
    for name in names:
        config = preset(name).replace(data=preset("digits").data, precision="fp32", steps=10)
        trainer = Trainer(config, images, processes=processes)
        trainer.step = 9  # after any warm-up
        sent.clear()
        with FlopCounterMode(display=False) as flops:
            trainer.advance()
        if processes.first:
            moved = sum(p.numel() for p in trainer.model.networks.parameters())
            found = {"flops": flops.get_total_flops(), "parameters": moved}
            found |= {"collectives": len(sent), "bytes": sum(sent), "batch": config.batch}
            (out / f"{name}.json").write_text(json.dumps(found), encoding="utf-8")
    processes.leave()


def work() -> dict[str, Any]:
    """What `counted` found, by preset."""
    names = ["digits", "paper", "images"]
    with TemporaryDirectory() as folder:
        trained(names, Path(folder), 2, "counted")
        files = {name: Path(folder) / f"{name}.json" for name in names}
        return {"work": {name: json.loads(file.read_text()) for name, file in files.items()}}


def rows() -> dict[str, Any]:
    """By number of images and processes: the largest difference from one process, float64."""
    table: dict[str, Any] = {}
    with TemporaryDirectory() as folder:
        for n in (1, 2, 3, 31, 33, 256, 257):
            for count in (1, 2, 3, 4):
                out = Path(folder) / f"{n}-{count}"
                trained(["paper"], out, count, "float64", n)
                one = Path(folder) / f"{n}-1" / "paper.safetensors"
                table.setdefault(str(n), {})[str(count)] = difference(
                    one, out / "paper.safetensors"
                )
            print(n, table[str(n)], flush=True)
    return {"rows": table}


def kept() -> dict[str, Any]:
    """What the result file has."""
    found: dict[str, Any] = json.loads(TARGET.read_text("utf-8")) if TARGET.is_file() else {}
    return found


def keep(found: dict[str, Any]) -> None:
    """Put a study's results into the file."""
    report = kept()
    report |= {"machine": Engine.of(preset("digits")).describe()} | found
    report["command"] = (
        "python benchmarks/distributed.py equality | rows | kills | speed | work | large"
    )
    TARGET.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def children(of: int) -> list[int]:
    """The processes that a process started."""
    found = subprocess.run(["pgrep", "-P", str(of)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def alive(pid: int) -> bool:
    """Whether a process runs (a dead one that nobody waited for does not)."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.is_file() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def kills() -> dict[str, Any]:
    """A process of two is killed or stopped at a random moment of a run: after how many seconds the
    other is gone, what was said; and whether the same command then ends as an undisturbed run. Only
    what the result file does not have yet, if it has not all."""
    draw, rows = random.Random(0), kept().get("kills", [])
    rows = rows if len(rows) < KILLS else []
    measured = {row["number"] for row in rows}
    base = ["train", "digits", "--steps=200", "--checkpoint-every=20", "--log-every=20"]
    base += ["--batch=16", "--networks.channels=[8,16]", "--networks.features=16"]
    command = [sys.executable, "-m", "infogan", *base, "--processes=2"]
    with TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        subprocess.run([*command, f"--run={whole}"], env=ONE, capture_output=True, check=True)
        lines = (whole / "metrics.jsonl").read_text().splitlines()
        lasted = sum(json.loads(line)["seconds"] for line in lines[1:])
        for number in range(KILLS):
            run, log = Path(folder) / f"run-{number}", Path(folder) / f"log-{number}"
            rank, how = draw.randrange(2), draw.choice([signal.SIGKILL, signal.SIGSTOP])
            moment = draw.uniform(0, lasted)  # seconds after the first line of the log
            if number in measured:
                continue
            with log.open("w") as text:
                process = subprocess.Popen(
                    [*command, f"--run={run}"], env=ONE, stdout=text, stderr=text
                )
                while "step 20 of" not in log.read_text() and process.poll() is None:
                    time.sleep(0.1)
                time.sleep(moment)
                there = children(process.pid)
                row = {"number": number, "moment": moment, "rank": rank, "signal": how.name}
                if len(there) == 2:
                    os.kill(there[rank], how)
                    row["gone"] = gone(there[1 - rank])
                process.wait()
            said = [line for line in log.read_text().splitlines() if line.startswith("infogan:")]
            row |= {"said": said, "code": process.returncode}
            again = subprocess.run(
                [*command, f"--run={run}"], env=ONE, capture_output=True, check=False
            )
            row["resumed"] = again.returncode
            files = (whole / "model.safetensors", run / "model.safetensors")
            row["same_bytes"] = len({file.read_bytes() for file in files}) == 1
            rows.append(row)
            keep({"kills": rows})
            print(row, flush=True)
            shutil.rmtree(run)
    return {"kills": rows}


def gone(pid: int) -> float | None:
    """Seconds until a process is gone; None if it is not after WAIT."""
    begun = time.perf_counter()
    while alive(pid):
        if time.perf_counter() - begun > WAIT:
            return None
        time.sleep(0.05)
    return time.perf_counter() - begun


def speed() -> dict[str, Any]:
    """Images per second of `digits` by batch, alternately: 1 process with 2 threads, 2 with 1."""
    table: dict[str, Any] = {}
    with TemporaryDirectory() as folder:
        for name, more in (("64", []), ("512", ["--batch=512"])):
            rates: dict[str, list[float]] = {"1 x 2": [], "2 x 1": []}
            for turn in range(2):
                for key, count in (("1 x 2", 1), ("2 x 1", 2)):
                    run = Path(folder) / f"{name}-{count}-{turn}"
                    words = ["train", "digits", *more, "--steps=60", "--log-every=10"]
                    words += [f"--processes={count}", f"--run={run}"]
                    env = os.environ | {"OMP_NUM_THREADS": str(2 // count)}
                    command = [sys.executable, "-m", "infogan", *words]
                    subprocess.run(command, env=env, capture_output=True, check=True)
                    lines = (run / "metrics.jsonl").read_text().splitlines()[1:]
                    rates[key].append(
                        statistics.median(json.loads(line)["images_per_second"] for line in lines)
                    )
            table[name] = {key: statistics.median(values) for key, values in rates.items()}
            print(name, table[name], flush=True)
    return {"speed": table}


def large() -> dict[str, Any]:
    """1,000,000 images of 32x32 in an NPY file: seconds from the command to the first step, and
    the process's own memory (without pages of the file) every second after, in MiB."""
    with TemporaryDirectory() as folder:
        path, run = Path(folder) / "million.npy", Path(folder) / "run"
        images = np.lib.format.open_memmap(path, "w+", np.uint8, (1_000_000, 32, 32))
        draws = np.random.default_rng(0)
        for start in range(0, len(images), 50_000):
            images[start : start + 50_000] = draws.integers(0, 256, (50_000, 32, 32), np.uint8)
        del images
        words = ["train", str(path), "--steps=300", "--log-every=1", "--batch=32", f"--run={run}"]
        words += ["--networks.width=8", "--networks.channels=8", "--objective.warm-up=0.1"]
        memory, begun, first = list[int](), time.perf_counter(), None
        with subprocess.Popen([sys.executable, "-m", "infogan", *words], env=ONE) as process:
            while process.poll() is None and not (run / "model.safetensors").exists():
                time.sleep(0.1 if first is None else 1)
                log = run / "metrics.jsonl"
                if first is None:
                    if log.is_file() and log.stat().st_size:
                        first = time.perf_counter() - begun
                elif found := re.search(r"RssAnon:\s+(\d+)", status(process.pid)):
                    memory.append(int(found[1]) // 1024)
            process.terminate()
    return {"large": {"seconds": first, "memory": memory}}


def status(pid: int) -> str:
    """What Linux says of a process."""
    path = Path(f"/proc/{pid}/status")
    return path.read_text() if path.is_file() else ""


STUDIES = {"rows": rows, "kills": kills, "speed": speed, "work": work, "large": large}


def main() -> None:
    """Run one of the studies, and put what it found into the result file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("study", choices=[*STUDIES, "equality", "worker"])
    parser.add_argument("names", nargs="*", default=[])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--kind", default="float64")
    parser.add_argument("--rows", type=int, default=IMAGES)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    names = options.names or [*PRESETS, LEARNED, REGULAR]
    if options.kind == "counted":
        counted(names, options.out)
        return
    if options.study == "worker":
        worker(names, options.out, options.steps, options.kind, options.rows)
        return
    found = equality(names) if options.study == "equality" else STUDIES[options.study]()
    keep(found)


if __name__ == "__main__":
    main()
