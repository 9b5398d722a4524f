"""The command line as a user meets it: what it prints, what it writes, and how it says no."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import begin, refused, run
from infogan.cli import COMMANDS, app
from infogan.config.presets import PRESETS
from infogan.config.settings import RunConfig
from infogan.model.model import Model
from infogan.pipeline.progress import progress_bars
from infogan.runs.folder import Run
from infogan.training.trainer import Trainer

NAMES = [command.__name__ for commands in COMMANDS.values() for command in commands]


@pytest.mark.parametrize("name", NAMES)
def test_help_explains_every_parameter(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "500")  # a line each
    run(name, "--help")
    shown = capsys.readouterr().out
    for argument in app[name].assemble_argument_collection():
        if argument.show:
            row = rf"{re.escape(' '.join(argument.names))}( [A-Z.]+)?  +[A-Za-z][^\[│]{{9,}}"
            assert re.search(rf"^│ [* ]*{row}", shown, re.M), f"{argument.names} is not explained"
    assert "Args:" not in shown


def test_help_lists_every_command_in_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    run("--help")
    shown = capsys.readouterr().out
    places = [shown.index(f"╭─ {title} ─") for title in (*COMMANDS, "Options")]
    assert places == sorted(places)
    parts = [shown[a:b] for a, b in pairwise(places)]
    for part, commands in zip(parts, COMMANDS.values(), strict=True):
        found = re.findall(r"^│ ([a-z]+) ", part, re.M)
        assert found == sorted(command.__name__ for command in commands)


def test_help_is_quick() -> None:
    """By the processor's time, which other jobs do not change much."""
    for words in (["--help"], ["train", "--help"]):
        seconds = []
        for _ in range(3):
            before = os.times()
            command = [sys.executable, "-m", "infogan", *words]
            shown = subprocess.run(command, capture_output=True, text=True, check=True)
            after = os.times()
            seconds.append(after.children_user + after.children_system)
            seconds[-1] -= before.children_user + before.children_system
        assert "infogan" in shown.stdout
        assert min(seconds) < 0.8  # 0.3 s as a rule
    code = "import infogan.cli, sys; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_train_leaves_the_whole_record(
    done: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "config.json",
        "metrics.jsonl",
        "model.safetensors",
        "environment.json",
        "scores.json",
    ):
        assert (done / name).is_file(), name
    config = json.loads((done / "config.json").read_text())
    assert (config["steps"], config["seed"], config["latent"]["noise"]) == (4, 7, 8)
    weights = (done / "model.safetensors").stat().st_mtime_ns
    monkeypatch.delattr(Trainer, "restore")  # of a finished run no checkpoint is gone on from
    run(
        "train", config["data"]["name"], "-c", done / "config.json", "--run", done
    )  # done: shows what is there
    shown = capsys.readouterr().out
    assert shown.startswith(f"{done}: is finished, with 4 steps")
    assert "(ACC)" in shown
    assert "slant" in shown
    assert f"report    {done / 'report.html'}" in shown
    assert f"picture   {done / 'traversals' / 'slant.png'}" in shown
    assert (done / "model.safetensors").stat().st_mtime_ns == weights


def test_fresh_trains_anew_and_nothing_else_does(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(done, copy)
    command = ("train", "-c", copy / "config.json", "--run", copy)
    assert "latent.noise 8 (now 4)" in refused(capsys, *command, "--latent.noise", 4)
    refused(capsys, "train", "digits", "--run", copy, "--fresh", "--device", "tpu")
    assert (copy / "model.safetensors").is_file()  # a mistake removes nothing
    run(*command[:1], "-c", done / "config.json", "--run", copy, "--latent.noise", 4, "--fresh")
    assert json.loads((copy / "config.json").read_text())["latent"]["noise"] == 4


def test_evaluate_prints_one_object(
    done: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("evaluate", done, "--data", photos, "--split", "all", "--json")
    scores = json.loads(capsys.readouterr().out)
    assert scores["n"] == 64
    assert {"cluster_accuracy", "purity", "nmi", "ari"} <= scores.keys()
    assert scores["information"].keys() == scores["entropy"].keys() == {"digit", "slant"}
    found = scores["continuous"]["slant"]
    assert found["sweeps"].keys() == found["real"].keys() == found["real_overall"].keys()
    run("evaluate", done)
    shown = capsys.readouterr().out
    assert "NMI" in shown
    assert re.search(r"^slant .*[+-]\d\.\d\d", shown, re.M)


def test_encode_writes_csv_and_json_lines(
    done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("encode", done, photos, "-o", tmp_path / "codes.csv")
    run("encode", done, photos, "-o", tmp_path / "codes.jsonl")
    with (tmp_path / "codes.csv").open() as file:
        rows = list(csv.DictReader(file))
    lines = [json.loads(line) for line in (tmp_path / "codes.jsonl").read_text().splitlines()]
    assert len(rows) == len(lines) == 64
    assert list(rows[0]) == ["file", "digit", "digit_confidence", "slant", "slant_confidence"]
    assert all(Path(row["file"]).is_file() for row in rows)
    assert [float(row["slant"]) for row in rows] == [line["slant"] for line in lines]
    assert {int(row["digit"]) for row in rows} <= {0, 1, 2, 3}
    capsys.readouterr()
    run("encode", done, photos)
    assert capsys.readouterr().out == (tmp_path / "codes.csv").read_text()


def test_the_remedy_for_unreadable_files_is_one_that_the_command_has(
    done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One file of 65 is text: more than the run's 1 %, and less than the share that is given."""
    damaged = tmp_path / "damaged"
    shutil.copytree(photos, damaged)
    (damaged / "text.png").write_text("this is text")
    for place, *words in (
        ("codes.csv", "encode", done, damaged),
        ("sorted", "sort", done, damaged),
        ("again.png", "reconstruct", done, damaged, "-n", 2),
    ):
        words += ["-o", tmp_path / place]
        assert "raise --data.max-bad" in refused(capsys, *words), words
        assert "--data.max-bad" in refused(capsys, *words, "--data.max-bad", 1.5), words
        assert not (tmp_path / place).exists()
        run(*words, "--data.max-bad", 0.02)
        assert (tmp_path / place).exists()
    with (tmp_path / "codes.csv").open() as file:
        assert len(list(csv.reader(file))) == 1 + 64
    judged = ("evaluate", done, "--split", "all", "--data", damaged, "--json")
    assert "raise --data.max-bad" in refused(capsys, *judged)
    capsys.readouterr()
    run(*judged, "--data.max-bad", 0.02)
    assert json.loads(capsys.readouterr().out)["n"] == 64


def test_a_runs_own_folder_that_was_damaged_since_can_be_judged(
    done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged, text = tmp_path / "run", photos / "text.png"
    shutil.copytree(done, damaged)
    text.write_text("this is text")
    try:
        assert "raise --data.max-bad" in refused(capsys, "evaluate", damaged)
        capsys.readouterr()
        run("evaluate", damaged, "--data.max-bad", 0.02, "--json")
        assert json.loads(capsys.readouterr().out)["n"] == 6  # those that were held out
    finally:
        text.unlink()


def test_images_of_another_size_are_brought_to_the_models(done: Path, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((40, 30, 3), np.uint8)).save(tmp_path / "large.png")
    run("encode", done, tmp_path, "-o", tmp_path / "codes.csv")
    assert len((tmp_path / "codes.csv").read_text().splitlines()) == 2


def test_pictures(done: Path, tmp_path: Path) -> None:
    run(
        "sample",
        done,
        "--code",
        "digit=3",
        "--code",
        "slant=0.5",
        "-n",
        7,
        "-o",
        tmp_path / "x.png",
    )
    run("traverse", done, "--code", "slant", "-o", tmp_path / "y.png")
    assert min(size(tmp_path / "x.png")) > 100
    assert min(size(tmp_path / "y.png")) > 100


def test_networks_of_any_size_take_any_size(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("train", photos, "--networks", "mlp", "--data.size", 8, "--dry-run")
    assert '"kind": "mlp"' in capsys.readouterr().out


def test_a_sweep_of_no_codes(
    tiny: RunConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny.replace(latent={"digit": "none", "slant": "none"}, objective={"kind": "gan"})
    own = Run(tmp_path / "plain")
    begin(own, config)
    own.close()
    Model(config, (16, 16, 1)).save(own.weights_file)
    assert "has no codes to sweep" in refused(capsys, "traverse", own.path, "-o", "x.png")


def test_samples_one_by_one_and_as_an_array(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder by its slash or because it is there; what is drawn is the same in every form."""
    words = ("sample", done, "-n", 12, "--code", "digit=3", "-o")
    model = Model.load(done)
    expected = model.sample(12, digit=3)
    run(*words, tmp_path / "all.npy")
    array = np.load(tmp_path / "all.npy", allow_pickle=False)
    assert array.dtype == np.uint8 and np.array_equal(array, expected)
    folder = tmp_path / "new.2"
    run(*words, f"{folder}/")
    files = sorted(folder.iterdir())
    assert len(files) == 12
    for i, path in enumerate(files):
        assert re.fullmatch(rf"{i:02d}_digit=3_slant=-?0\.\d{{1,5}}\.png", path.name)
        assert np.array_equal(np.asarray(Image.open(path)), expected[i, ..., 0])
    drawn = model.draw(12, digit=3).values["slant"].flatten().tolist()
    assert [float(path.stem.rpartition("=")[2]) for path in files] == pytest.approx(drawn, rel=0.01)
    assert "not an empty folder" in refused(capsys, "sample", done, "-n", 2, "-o", folder)
    assert sorted(folder.iterdir()) == files
    (tmp_path / "deep" / "empty").mkdir(parents=True)
    (tmp_path / "deep" / "empty" / ".DS_Store").touch()
    run("sample", done, "-n", 2, "--code", "digit=1", "-o", tmp_path / "deep" / "empty")
    assert [path.name[:9] for path in sorted((tmp_path / "deep" / "empty").glob("*.png"))] == [
        "0_digit=1",
        "1_digit=1",
    ]
    run(*words, tmp_path / "all.png")
    factor = -(-480 // (4 * 18 - 2))  # four in a row and three rows, white between
    assert size(tmp_path / "all.png") == ((4 * 18 - 2) * factor, (3 * 18 - 2) * factor)


def test_a_reconstruction_is_drawn_over_no_original(
    done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = Path(shutil.copytree(photos, tmp_path / "mine"))
    one = next(mine.rglob("*.png"))
    before = one.read_bytes()
    (tmp_path / "link").symlink_to(mine)
    place = tmp_path / "link" / one.relative_to(mine)
    for data, output in ((mine, one), (one, one), (mine, place), (tmp_path / "link", one)):
        said = refused(capsys, "reconstruct", done, data, "-n", 1, "-o", output)
        assert "is one of the images; choose another" in said
    table = refused(capsys, "reconstruct", done, mine, "-o", tmp_path / "x.png", "--csv", one)
    assert "--csv" in table and not (tmp_path / "x.png").exists()
    assert one.read_bytes() == before
    run("reconstruct", done, mine, "-n", 1, "-o", mine / "new.png")


@pytest.mark.parametrize("number", ["2.5", "1e1", "two"])
def test_a_number_that_is_not_whole_is_not_rounded(
    capsys: pytest.CaptureFixture[str], number: str
) -> None:
    for words in (("train", "digits", "--seeds"), ("sample", "x", "-o", "x.png", "--n")):
        assert f"give a whole number, not {number}" in refused(capsys, *words, number)


def test_an_unknown_level_of_messages_is_answered_with_those_that_exist(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INFOGAN_LOG", "quiet")
    assert "'QUIET'; set it to one of" in refused(capsys, "presets")


def test_labels_that_are_not_there_are_missed_before_any_image_is_read(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "train", "semigan", "--data", photos / "nowhere", "--labels", tmp_path / "mine.csv"
    said = refused(capsys, *words, "--run", tmp_path / "run")
    assert "mine.csv: no such file; give labels as a CSV file" in said


def test_a_run_whose_g_is_given_no_class_says_so_first(
    done: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "gives G no class" in refused(capsys, "sample", done, "--class", "cat")


def test_a_command_to_copy_is_quoted(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = shutil.copytree(done, tmp_path / "my run")
    run("name", own, "digit.3", "seven")
    assert f"infogan report '{own}'" in capsys.readouterr().err
    run("name", own, "digit.3", "seven")  # which changes nothing
    assert not capsys.readouterr().err
    run("export", own, "-o", tmp_path / "for" / "phones")
    assert (tmp_path / "for" / "phones" / "encoder.onnx").is_file()


def test_files_of_samples_have_the_names_that_were_given(done: Path, tmp_path: Path) -> None:
    named = tmp_path / "run"
    shutil.copytree(done, named)
    run("name", named, "digit.3", "a/b")
    run("name", named, "slant", "lean")
    run("sample", named, "-n", 1, "--code", "digit=3", "--code", "lean=0.5", "-o", f"{tmp_path}/s/")
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["0_digit=a_b_lean=0.5.png"]


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_a_sweep_that_moves(kind: str, done: Path, tmp_path: Path) -> None:
    """A factor goes there and back, categories pass in their order; four seconds, over and over."""
    for code, frames in (("slant", 8), ("digit", 4)):
        path = tmp_path / f"{code}.{kind}"
        run("traverse", done, "--code", code, "--steps", 5, "--rows", 4, "-o", path)
        images, _ = Model.load(done).traverse(code, steps=5, rows=4)
        with Image.open(path) as moving:
            assert (moving.format, moving.info["loop"]) == (kind.upper(), 0)
            shown = []
            for i in range(frames):
                moving.seek(i)
                moving.load()
                assert moving.info["duration"] == pytest.approx(4000 / frames, abs=10)
                shown.append(np.asarray(moving.convert("L")))
            with pytest.raises(EOFError):
                moving.seek(frames)
        factor = shown[0].shape[0] // (2 * 16 + 2)
        corner = [frame[: 16 * factor : factor, : 16 * factor : factor] for frame in shown]
        assert np.array_equal(corner[: images.shape[1]], images[0, ..., 0])
        if code == "slant":
            assert all(np.array_equal(shown[i], shown[-i]) for i in (1, 2, 3))


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_presets_and_dry_run(capsys: pytest.CaptureFixture[str]) -> None:
    run("presets")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(PRESETS)
    run("presets", "paper")
    assert "# Learning rate of D" in capsys.readouterr().out
    run("train", "paper", "--dry-run", "--steps", 3)
    assert json.loads(capsys.readouterr().out)["steps"] == 3


def test_an_option_overrides_the_file_and_the_file_the_preset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.toml").write_text("steps = 10\nbatch = 20\n")
    run("train", "paper", "-c", tmp_path / "x.toml", "--dry-run", "--steps", 30)
    tree = json.loads(capsys.readouterr().out)
    assert (tree["steps"], tree["batch"], tree["latent"]["noise"]) == (30, 20, 62)
    assert tree["latent"]["distribution"] == "uniform"


def test_information_of_a_joint_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The binary symmetric channel of error 0.1: 0.368064 nats = 0.531004 bits."""
    (tmp_path / "joint.csv").write_text("0.45,0.05\n0.05,0.45\n")
    run(
        "information",
        tmp_path / "joint.csv",
        "--unit",
        "bits",
        "--json",
        "-o",
        tmp_path / "diagram.png",
    )
    found = json.loads(capsys.readouterr().out)
    assert found["mutual_information"] == pytest.approx(0.531004, abs=1e-6)
    assert found["entropy_x"] == found["entropy_y"] == pytest.approx(1)
    assert found["conditional_entropy_y_given_x"] == pytest.approx(1 - 0.531004, abs=1e-6)
    assert min(size(tmp_path / "diagram.png")) > 100
    run("information", tmp_path / "joint.csv")
    shown, warned = capsys.readouterr()
    assert re.search(r"^mutual information +I\(X;Y\) +0.368064 nats$", shown, re.M)
    assert re.search(r"^conditional entropy x given y +H\(X\|Y\) +0.325083 nats$", shown, re.M)
    assert "0.531004 of the arithmetic mean of H(X) and H(Y)\n" in shown
    assert warned == ""
    (tmp_path / "bad.csv").write_text("0.5,0.5\n0.5,x\n")
    assert "line 2" in refused(capsys, "information", tmp_path / "bad.csv")
    assert "nowhere.csv" in refused(capsys, "information", tmp_path / "nowhere.csv")
    assert "unit" in refused(capsys, "information", tmp_path / "joint.csv", "--unit", "bans")


@pytest.mark.parametrize(
    ("table", "warned"),
    [
        ("0.5,0.1\n0.1,0.4\n", "sums to 1.1, not to 1"),
        ("0.5,0.1\n0.1,0.29\n", "sums to 0.99, not to 1"),
        ("0.3333333,0.3333333\n0.3333333,0\n", ""),  # 1, as a program rounds it
        ("50,10\n10,40\n", ""),  # counts
    ],
)
def test_probabilities_that_do_not_sum_to_one_are_named(
    table: str, warned: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "joint.csv").write_text(table)
    run("information", tmp_path / "joint.csv", "--json")
    shown, said = capsys.readouterr()
    assert warned in said and bool(said) == bool(warned)
    assert "mutual_information" in json.loads(shown)


@pytest.mark.slow
def test_without_a_terminal_progress_is_a_line_for_each_of_the_log(
    done: Path, tmp_path: Path
) -> None:
    words = [
        "train",
        "-c",
        str(done / "config.json"),
        "--run",
        str(tmp_path / "run"),
        "--steps",
        "4",
        "--log-every",
        "2",
    ]
    ended = subprocess.run(
        [sys.executable, "-m", "infogan", *words], capture_output=True, text=True, check=True
    )
    told = ended.stderr.splitlines()
    assert told[0] == "64 images, 16x16 grey, 4 folders"
    assert [line.split("  ")[0] for line in told[1:3]] == [
        "seed 7, step 2 of 4",
        "seed 7, step 4 of 4",
    ]
    assert "digit " in told[1] and "img/s" in told[1]
    assert [line[:7] for line in told[3:]] == [f"{i} of 4:" for i in (1, 2, 3, 4)]
    first, codes, second = ended.stdout.splitlines()[:3]
    assert codes == "codes digit (4 categories), slant; objective infogan, networks dcgan"
    assert first.endswith(": 58 images of 16x16 grey, and 6 held out")
    assert second.startswith("4 steps, into ") and "Ctrl-C" in second


def test_a_narrow_terminal_shows_steps_and_words(
    tiny: RunConfig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bar, the steps and the time stay, and no word is lost."""
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "80", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    line = {"L_I/digit": -0.06, "L_I/slant": -0.73, "d/real": 7.16, "g/adversarial": 1.56}
    with progress_bars(2000, tiny.latent.codes) as show:
        show(0, 20, line | {"images_per_second": 62.0})
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    lines = shown.replace("\r", "\n").splitlines()
    at = max(i for i, text in enumerate(lines) if text.startswith("seed 0"))
    assert "20/2000" in lines[at] and "━" in lines[at]
    assert "--:--" in lines[at]  # the time that is left
    last = " ".join(" ".join(lines[at:]).split())
    assert last.endswith("digit -0.06 (0%) slant -0.73 (0%) D 7.16 G 1.56 62 img/s")
    assert all(len(text) <= 80 for text in lines)


def test_mistakes(
    done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "zero-images-idx3-ubyte").write_bytes(b"")
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "text.png").write_text("this is text")
    shutil.copy(next(photos.rglob("*.png")), tmp_path / "fake" / "good.png")
    nowhere, new = tmp_path / "nowhere", ("--run", tmp_path / "new")
    code = ("sample", done, "--code")
    for named, *words in (
        ("papre", "train", "papre", *new),
        (nowhere, "train", nowhere, *new),
        (tmp_path / "empty", "train", tmp_path / "empty", *new),
        ("text.png", "train", tmp_path / "fake", *new),
        ("zero-images-idx3-ubyte", "train", tmp_path / "zero-images-idx3-ubyte", *new),
        ("steps: ", "train", "digits", "--steps", "-1", *new),
        ("what to train? Give a preset", "train", *new),
        ("what to train? Give a preset", "train", "--seed", 1, *new),
        ("classes: give 2 or more, not 0", "train", "digits", "--classes", 0, *new),
        ("images are 8x8; sides from 16 to 256 work", "train", "digits", "--data.size", 8, *new),
        ("data.size: give sides of 1 to 1024", "train", "digits", "--data.size", "0x64", *new),
        ("is a file; choose", "train", "digits", "--steps", 1, "--run", tmp_path / "fake/text.png"),
        ("did you mean --steps?", "train", "digits", "--stesp", "1", *new),
        ("did you mean --optim.d-lr or --optim.g-lr?", "train", "digits", "--lr", "1", *new),
        ("did you mean --device cuda?", "train", "digits", "--gpu", *new),
        ("optim.lr-decay", "train", "digits", "--optim.decay", "0.5", *new),
        ("no.toml", "train", "-c", tmp_path / "no.toml", *new),
        (nowhere, "evaluate", nowhere),
        ("config.json", "evaluate", tmp_path / "empty"),
        ("test split", "evaluate", done, "--split", "test"),
        ("digit, slant", *code, "size=3"),
        ("0 to 3", *code, "digit=4"),
        ("0 to 3", *code, "digit=inf"),
        ("digit, slant", *code, "seed=3"),
        ("NAME=NUMBER", *code, "digit"),
        ("-n", "sample", done, "-n", 0),
        ("--point", "sample", done, "--point", tmp_path / "x.json", "--code", "digit=1"),
        ("--rows", "traverse", done, "--code", "slant", "--rows", 0, "-o", tmp_path / "x.png"),
        ("digit, slant", "traverse", done, "-o", tmp_path / "x.png"),
        (tmp_path / "no", "sample", done, "-o", tmp_path / "no" / "x.png"),
        (tmp_path, "encode", done, photos, "-o", tmp_path),
        (nowhere, "encode", done, nowhere),
        (".png (one picture of all), .npy", "sample", done, "-o", tmp_path / "x.jpg"),
        (".csv (a table) or .jsonl", "encode", done, photos, "-o", tmp_path / "x.json"),
        ("give a folder", "sample", done, "-o", f"{tmp_path}/fake/text.png/no/"),
        (".pdf, .gif, .webp", "traverse", done, "--code", "slant", "-o", tmp_path / "x.mp4"),
        ("--output", "export", done, "-o", tmp_path / "fake" / "text.png"),
        ("folders", "compare"),
        ("--splt", "evaluate", done, "--splt", "all"),
        ("evalute", "evalute", done),
    ):
        assert str(named) in refused(capsys, *words), words
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob("x.*"))


def test_options_reach_what_they_name(done: Path, photos: Path, tmp_path: Path) -> None:
    for name, *words in (
        ("a", "--seed", 1),
        ("b", "--seed", 2),
        ("c", "--seed", 1),
        ("d", "--seed", 1, "--code", "digit=0"),
    ):
        run("sample", done, *words, "-n", 4, "-o", tmp_path / f"{name}.png")
    a, b, c, d = ((tmp_path / f"{name}.png").read_bytes() for name in "abcd")
    assert a == c
    assert len({a, b, d}) == 3
    for rows in (2, 6):
        run("traverse", done, "--code", "slant", "--rows", rows, "-o", tmp_path / f"{rows}.png")
    assert size(tmp_path / "2.png")[1] < size(tmp_path / "6.png")[1]
    run("encode", done, photos, "--split", "validation", "-o", tmp_path / "codes.csv")
    assert len((tmp_path / "codes.csv").read_text().splitlines()) == 1 + 6  # every tenth of 64


def test_the_number_of_classes_is_that_of_the_categories(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run("train", "digits", "--classes", 7, "--dry-run")
    assert json.loads(capsys.readouterr().out)["latent"]["digit"]["k"] == 7
    assert "give 2 or more, not 1" in refused(capsys, "train", "digits", "--classes", 1)
    assert "no categorical code" in refused(capsys, "train", "semigan", "--classes", 3)


def test_a_word_too_many_says_where_images_are_named(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, "evaluate", done, tmp_path)
    assert f"{tmp_path}: not expected here; see infogan evaluate --help, and name images" in said
    assert "images" not in refused(capsys, "evaluate", done, "nowhere")
