"""What trackers are told: what the log has, once, whatever happens; and what they write, read back
by their own packages where those are installed."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from conftest import refused
from infogan import tracking
from infogan.config.settings import RunConfig
from infogan.core.errors import RunError
from infogan.data.images import Images
from infogan.pipeline.run import train
from infogan.runs.folder import Run
from infogan.tracking import TRACKERS, Trackers
from infogan.tracking.base import Backend
from infogan.training.distributed import Processes
from infogan.training.recorder import NullRecorder, Recorder, Together

Told = list[tuple[int, str, float]]


class Diary(Backend):
    """A backend in memory: what it was told, at which step, over all its openings."""

    package = "infogan"
    told: Told
    opened: list[str]
    ends: list[list[str]]
    fails_at = 0

    def __init__(self, run: Run, known: str) -> None:
        self.opened.append(known)

    @property
    def id(self) -> str:
        return f"{len(self.opened)}"

    def log(self, step: int, values: Mapping[str, float]) -> None:
        if step == self.fails_at:
            raise OSError("the disk is full")
        self.told.extend((step, name, value) for name, value in values.items())

    def finish(self, step: int, scores: Mapping[str, float], pictures: Sequence[Path]) -> None:
        self.log(step, {f"scores/{name}": value for name, value in scores.items()})
        self.ends.append([path.name for path in pictures])

    def close(self) -> None: ...


@pytest.fixture
def diary(monkeypatch: pytest.MonkeyPatch) -> type[Diary]:
    """The only tracker there is."""

    class Own(Diary):
        told, opened, ends = Told(), list[str](), list[list[str]]()

    monkeypatch.setattr(tracking, "TRACKERS", {"diary": Own})
    return Own


def lines_of(folder: Path) -> Told:
    """What the log of a run has, as a diary has it."""
    lines = Run(folder).metrics()
    return [(line["step"], *item) for line in lines for item in line.items() if item[0] != "step"]


def without(told: Told, *names: str) -> Told:
    return sorted(entry for entry in told if not entry[1].startswith(names))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A finished run gets these scores instead of a report."""

    def scored(run: Run, *_: object) -> None:
        run.write_json(run.scores_file, {"nmi": 0.5, "steps": run.config.steps})

    monkeypatch.setattr("infogan.pipeline.run.record", scored)


def stopped(config: RunConfig, folder: Path, images: Images, after: int, *track: str) -> None:
    """Train up to a step, as a run that was killed there is: its last checkpoint lies before."""

    def kill(step: int, _: object) -> None:
        if step == after:
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        train(config, run=folder, data=images, track=track, progress=kill)


def test_a_tracker_is_told_what_the_log_has_and_the_scores_once(
    diary: type[Diary], tiny: RunConfig, images: Images, tmp_path: Path
) -> None:
    train(tiny, run=tmp_path / "run", data=images, track=["diary", "diary"])
    assert without(diary.told, "scores/") == sorted(lines_of(tmp_path / "run"))
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())
    told = {name: value for _, name, value in diary.told if name.startswith("scores/")}
    assert told["scores/nmi"] == scores["nmi"]
    assert told["scores/information/digit"] == scores["information"]["digit"]
    assert not any("confusion" in name for name in told)
    assert "random.png" in diary.ends[0] and "categories.png" not in diary.ends[0]  # real images
    before = [*diary.told]
    train(tiny, run=tmp_path / "run", data=images, track=["diary"])
    assert diary.told == before and diary.opened == ["", "1"] and len(diary.ends) == 1


@pytest.mark.usefixtures("quick")
def test_a_run_that_goes_on_is_told_once_and_begun_anew_from_the_start(
    diary: type[Diary], tiny: RunConfig, images: Images, tmp_path: Path
) -> None:
    stopped(tiny, tmp_path / "run", images, 5, "diary")  # lines at 2 and 4, a checkpoint at 3
    assert {step for step, *_ in diary.told} == {2, 4}
    train(tiny, run=tmp_path / "run", data=images, track=["diary"])
    own = without(diary.told, "scores/", "seconds", "images_per_second")
    assert own == without(lines_of(tmp_path / "run"), "seconds", "images_per_second")
    assert diary.opened == ["", "1"]
    train(tiny, run=tmp_path / "run", data=images, track=["diary"], fresh=True)
    assert diary.opened == ["", "1", ""]
    assert sorted({diary.told.count(entry) for entry in own}) == [2]


@pytest.mark.usefixtures("quick")
def test_a_finished_run_that_goes_on_is_told_its_new_scores(
    diary: type[Diary], tiny: RunConfig, images: Images, trained: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained, tmp_path / "run")
    for steps in (6, 8, 8):
        train(tiny.replace(steps=steps), run=tmp_path / "run", data=images, track=["diary"])
    told = [(step, value) for step, name, value in diary.told if name == "scores/steps"]
    assert told == [(6, 6), (8, 8)] and len(diary.ends) == 2


@pytest.mark.usefixtures("quick", "diary")
def test_trackers_are_open_before_other_processes_begin_a_step(
    tiny: RunConfig, images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a step they would be missed after seconds, and a package can take longer to begin."""
    order = list[str]()
    begin, share = Trackers.beside, Processes.share

    def beside(trackers: Trackers, recorder: Recorder) -> Recorder:
        order.append("trackers")
        return begin(trackers, recorder)

    def shared(processes: Processes, value: object) -> object:
        order.append("others")
        return share(processes, value)

    monkeypatch.setattr(Trackers, "beside", beside)
    monkeypatch.setattr(Processes, "share", shared)
    train(tiny, run=tmp_path / "run", data=images, track=["diary"])
    assert order == ["trackers", "others"]


@pytest.mark.usefixtures("quick")
def test_a_tracker_that_joins_later_catches_up(
    diary: type[Diary], tiny: RunConfig, images: Images, trained: Path, tmp_path: Path
) -> None:
    stopped(tiny, tmp_path / "run", images, 3)
    train(tiny, run=tmp_path / "run", data=images, track=["diary"])
    assert without(diary.told, "scores/") == sorted(lines_of(tmp_path / "run"))
    diary.told.clear()
    shutil.copytree(trained, tmp_path / "finished")
    train(tiny, run=tmp_path / "finished", data=images, track=["diary"])
    assert without(diary.told, "scores/") == sorted(lines_of(trained))


@pytest.mark.usefixtures("quick")
def test_a_fault_ends_the_tracker_and_not_the_run(
    diary: type[Diary],
    tiny: RunConfig,
    images: Images,
    trained: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    diary.fails_at = 4
    train(tiny, run=tmp_path / "run", data=images, track=["diary"])
    assert {step for step, *_ in diary.told} == {2} and not diary.ends
    (said,) = [text for text in caplog.messages if "--track" in text]
    assert "diary" in said and "the disk is full" in said and "the same command" in said
    name = "model.safetensors"
    assert (tmp_path / "run" / name).read_bytes() == (trained / name).read_bytes()
    diary.fails_at = 0
    train(tiny, run=tmp_path / "run", data=images, track=["diary"])
    assert without(diary.told, "scores/") == sorted(lines_of(tmp_path / "run"))
    assert len(diary.ends) == 1


@pytest.mark.parametrize("keeps", [True, False])
def test_a_tracker_that_lost_lines_in_a_kill_begins_anew(
    keeps: bool, diary: type[Diary], trained: Path, tmp_path: Path
) -> None:
    diary.keeps = keeps
    run = Run(shutil.copytree(trained, tmp_path / "run"))
    Trackers(["diary"], run).beside(NullRecorder())  # and the process is gone
    told = [*diary.told]
    again = Trackers(["diary"], run)
    again.beside(NullRecorder())
    assert diary.told == (told if keeps else told + told)
    assert diary.opened == ["", "1" if keeps else ""]
    again.close()
    Trackers(["diary"], run).beside(NullRecorder())
    assert diary.told == (told if keeps else told + told)
    assert diary.opened[2] == "2"


def test_a_tracker_that_cannot_be_opened_or_has_a_damaged_file_is_left_out(
    diary: type[Diary], trained: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(shutil.copytree(trained, tmp_path / "run"))
    run.tracking_file.write_text("[")
    Trackers(["diary"], run).finish()
    assert diary.opened == [] and diary.told == []
    assert sum("--track diary: stopped" in text for text in caplog.messages) == 1


def test_the_first_recorder_says_whether_to_stop() -> None:
    class Stops(NullRecorder):
        def stop_requested(self) -> bool:
            return True

    first, second = NullRecorder(), Stops()
    assert Together(second, first).stop_requested() and not Together(first, second).stop_requested()
    Together(first, second).write({"step": 1.0})
    assert first.line == second.line == Together(first, second).line == {"step": 1.0}


def test_an_unknown_and_a_missing_tracker_are_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    message = refused(capsys, "train", "digits", "--run", run, "--track", "tensorbord")
    assert "tensorbord" in message and "tensorboard, wandb, mlflow" in message
    monkeypatch.setattr(TRACKERS["wandb"], "package", "no_such_package")
    message = refused(capsys, "train", "digits", "--run", run, "--track", "wandb", "--seeds", 2)
    assert "pip install no_such_package" in message and not run.exists()


def tensorboard_told(run: Path) -> Told:
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    return [
        (event.step, value.tag, value.tensor.float_val[0] if value.tensor.float_val else 0.0)
        for path in sorted((run / "tensorboard").iterdir())
        for event in EventFileLoader(str(path)).Load()
        for value in event.summary.value
    ]


def wandb_told(run: Path) -> Told:
    import wandb
    from wandb.proto.wandb_internal_pb2 import Record

    wandb.teardown()  # its own process has written all
    told = Told()
    for path in sorted(run.glob("wandb/offline-run-*/*.wandb")):
        for content in wandb_records(path.read_bytes()):
            record = Record.FromString(content)
            items = [("/".join(i.nested_key) or i.key, i) for i in record.history.item]
            step = record.history.step.num
            told += [(step, key, json.loads(i.value_json)) for key, i in items if key[0] != "_"]
            for item in record.summary.update:
                told.append((0, "/".join(item.nested_key) or item.key, json.loads(item.value_json)))
    return told


def wandb_records(content: bytes, block: int = 32768) -> list[bytes]:
    """The records of a .wandb file, which is a log in the format of LevelDB after 7 bytes."""
    records, parts, at = list[bytes](), b"", 7
    while at + 7 <= len(content):
        if block - at % block < 7:
            at += block - at % block
            continue
        length, kind = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        parts += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last part
            records, parts = [*records, parts], b""
    return records


def mlflow_told(run: Path) -> Told:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=(run / "mlflow").resolve().as_uri())
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    (there,) = client.search_runs(experiments)
    assert there.data.params["steps"] == "6" and there.info.status == "FINISHED"
    told = Told()
    for name in there.data.metrics:
        history = client.get_metric_history(there.info.run_id, name)
        told += [(metric.step, name, metric.value) for metric in history]
    pictures = client.list_artifacts(there.info.run_id)
    return told + [(6, Path(item.path).stem, 0.0) for item in pictures]


READERS: dict[str, Callable[[Path], Told]] = {
    "tensorboard": tensorboard_told,
    "wandb": wandb_told,
    "mlflow": mlflow_told,
}


@pytest.mark.parametrize("name", TRACKERS)
@pytest.mark.filterwarnings("default")  # the packages' own
def test_what_a_tracker_writes_reads_back(
    name: str, tiny: RunConfig, images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was killed and went on, as the tracker's own files have it."""
    pytest.importorskip(TRACKERS[name].package, reason=f"the extra {name} is not installed")
    for variable in ("WANDB_MODE", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(variable, raising=False)
    stopped(tiny, tmp_path / "run", images, 5, name)
    train(tiny, run=tmp_path / "run", data=images, track=[name])
    told = READERS[name](tmp_path / "run")
    for step in (2, 4, 6):
        (line,) = [line for line in Run(tmp_path / "run").metrics() if line["step"] == step]
        for key in ("d/real", "L_I/digit"):
            (found,) = [value for at, own, value in told if (at, own) == (step, key)]
            assert found == pytest.approx(line[key], rel=1e-6)
    scores: dict[str, Any] = json.loads((tmp_path / "run" / "scores.json").read_text())
    (nmi,) = [value for _, own, value in told if own == "scores/nmi"]
    assert nmi == pytest.approx(scores["nmi"], rel=1e-6)
    assert any(own.startswith("random") for _, own, _ in told)


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_the_names_of_terms_are_allowed(name: str, trained: Path, tmp_path: Path) -> None:
    pytest.importorskip(TRACKERS[name].package, reason=f"the extra {name} is not installed")
    run = Run(shutil.copytree(trained, tmp_path / "run"))
    backend = TRACKERS[name](run, "")
    backend.log(1, {"H(c)/digit": 2.0, "I(x; category)": 1.0, "I(view; view')": 0.5})
    backend.close()


def test_a_run_that_cannot_begin_opens_no_tracker(
    diary: type[Diary], tiny: RunConfig, images: Images, trained: Path
) -> None:
    other = tiny.replace(seed=5)
    with pytest.raises(RunError, match="seed"):
        train(other, run=trained, data=images, track=["diary"])
    assert diary.opened == []
