"""docs/extending.md works as printed: its files and rows in a copy of the package, its commands."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import infogan
from infogan.data.images import Images

PAGE = (Path(__file__).parents[1] / "docs" / "extending.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}
BLOCK = re.compile(r"^`src/([\w/.]+)`.*?:\n\n```(python|diff)\n(.*?)^```", re.M | re.S)
PLAY = """
import json, sys
from infogan.cli import main
for command in json.load(sys.stdin):
    main(command)
import torch
from infogan.latent.codes import Triangular
code = Triangular()
drawn = code.sample(20_000, torch.Generator().manual_seed(0))
print("entropy", -code.log_prior(drawn).mean().item(), "std", drawn.std().item())
"""
DATA = ["--data", "pixels.csv"]
SMALL = ["--networks", "mlp", "--steps", "2", "--batch", "8", "--device", "cpu"]


def patched(text: str, diff: str) -> str:
    """A file under a diff whose lines stand in the file's order."""
    lines, at = text.splitlines(), 0
    for line in filter(lambda line: line != "@@", diff.splitlines()):
        sign, words = line[:1], line[1:]
        if sign != "+":
            at = lines.index(words, at)
        if sign == "-":
            del lines[at]
        else:
            lines[at : at + (sign == " ")] = [words]
            at += 1
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("section", SECTIONS)
def test_each_takes_thirty_lines_at_most(section: str) -> None:
    written = [
        line.removeprefix("+")
        for _, kind, block in BLOCK.findall(SECTIONS[section])
        for line in block.splitlines()
        if kind == "python" or line.startswith("+")
    ]
    assert len([line for line in written if line.strip()]) <= 30


def test_the_page_works_as_printed(tmp_path: Path, images: Images) -> None:
    shutil.copytree(Path(infogan.__file__).parent, tmp_path / "infogan")
    for name, kind, block in BLOCK.findall(PAGE):
        file = tmp_path / name
        assert file.exists() == (kind == "diff")
        file.write_text(block if kind == "python" else patched(file.read_text("utf-8"), block))
    with (tmp_path / "pixels.csv").open("w", newline="") as out:
        titles = ["label", *(f"pixel{i}" for i in range(images.pixels[0].size))]
        rows = zip(images.labels, images.pixels, strict=True)
        csv.writer(out).writerows([titles, *([label, *pixels.flat] for label, pixels in rows)])
    commands = [line.split() for line in re.findall(r"^    infogan (.*)$", PAGE, re.M)]
    assert [command[0] for command in commands] == ["train"] * 3 + ["evaluate"]
    commands[0] += DATA
    commands[1] += DATA
    given = json.dumps([words + SMALL * (words[0] == "train") for words in commands])
    ended = subprocess.run(
        [sys.executable, "-c", PLAY],
        input=given,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    scores = {
        run: json.loads((tmp_path / "runs" / run / "scores.json").read_text())
        for run in ("tilt", "hinge", "pixels")
    }
    assert scores["tilt"]["entropy"]["tilt"] == 0.5
    entropy, std = re.findall(r"entropy (\S+) std (\S+)", ended.stdout)[0]
    assert float(entropy) == pytest.approx(0.5, abs=0.02)
    assert float(std) == pytest.approx(6**-0.5, abs=0.01)
    log = (tmp_path / "runs" / "hinge" / "metrics.jsonl").read_text().splitlines()
    assert {"d/real", "d/fake", "g/adversarial", "L_I/digit"} <= json.loads(log[-1]).keys()
    assert scores["pixels"]["data"] == "pixels.csv"
    assert len(scores["pixels"]["recall"]) == len(images.classes)
    assert 0 <= scores["pixels"]["margin"] <= 1
    assert f"ahead of its second by {scores['pixels']['margin']:.2f}" in ended.stdout
