"""What all parts build on: errors, random streams, limits on files, tables, interrupts."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

from infogan.core import apart, interrupts
from infogan.core.errors import ConfigError, DataError, InfoganError, RunError, parsing
from infogan.core.limits import FREE, RATIO, TEXT, read_small, refuse_bomb
from infogan.core.random import stream
from infogan.core.tables import read_file, write_csv

# Errors


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError(), MemoryError("much\n too much")])
def test_whatever_a_parser_raises_becomes_one_line(error: Exception) -> None:
    with pytest.raises(RunError) as caught, parsing("a.json", "settings", RunError):
        raise error
    message = str(caught.value)
    assert message.startswith("a.json: ") and message.count("\n") == 0
    assert (" ".join(str(error).split()) or type(error).__name__) in message
    assert caught.value.__cause__ is error


def test_errors_of_ours_and_interrupts_pass_a_parser_unchanged() -> None:
    for error in (ConfigError("steps: give more"), interrupts.Stopped(signal.SIGINT)):
        with pytest.raises(type(error)) as caught, parsing("a.json", "settings", RunError):
            raise error
        assert caught.value is error


def test_all_errors_are_of_one_tree() -> None:
    assert all(issubclass(kind, InfoganError) for kind in (ConfigError, DataError, RunError))
    assert not issubclass(DataError, ConfigError)


# Random streams


def draws(*key: int | str) -> list[float]:
    seed, purpose, *step = key
    generator = stream(int(seed), str(purpose), *map(int, step))
    return [float(value) for value in torch.rand(3, generator=generator)]


def test_a_stream_depends_on_its_key_alone() -> None:
    first = draws(3, "noise", 7)
    torch.rand(5)
    draws(3, "order", 7)
    assert draws(3, "noise", 7) == first
    others = [draws(4, "noise", 7), draws(3, "order", 7), draws(3, "noise", 8), draws(3, "noise")]
    others += [draws(37, "noise"), draws(3, "7/noise")]  # the parts of a key do not run together
    assert len({tuple(values) for values in [first, *others]}) == 7
    assert draws(3, "noise") == draws(3, "noise", 0)


def test_streams_stay_what_they_were() -> None:
    """Weights and checkpoints of earlier versions were drawn from them."""
    assert stream(0, "initialise G").initial_seed() == 3477048127524263484


# Limits


def test_a_file_may_hold_a_hundred_times_its_size_or_64_mib() -> None:
    refuse_bomb("x", FREE, 1)
    refuse_bomb("x", RATIO * FREE, FREE)
    for size, packed in ((FREE + 1, 1), (RATIO * FREE + 1, FREE)):
        with pytest.raises(DataError, match=f"^x: .*{size:,} .*{packed:,}"):
            refuse_bomb("x", size, packed)


def test_small_files_have_at_most_a_mebibyte(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(bytes(TEXT))
    assert len(read_small(path, "a table")) == TEXT
    path.write_bytes(bytes(TEXT + 1))
    for place in (path, tmp_path, tmp_path / "none"):
        with pytest.raises(RunError, match=f"^{place}: .*a table"):
            read_small(place, "a table", RunError)


# Tables


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.toml", 'steps = 3\n[optim]\nd_lr = 1e-4\nof = "é"\n'),
        ("x.json", json.dumps({"steps": 3, "optim": {"d_lr": 1e-4, "of": "é"}})),
    ],
)
def test_settings_are_read_from_toml_and_json(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_file(tmp_path / name) == {"steps": 3, "optim": {"d_lr": 1e-4, "of": "é"}}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.json", b'{"optim": {"a": 1, "b": 2, "a": 3}}', "'a'"),
        ("x.toml", b"a = 1\na = 2\n", "x.toml"),
        ("x.json", b"[1]", "x.json"),
        ("x.json", b'{"a": "\xff"}', "x.json"),
        ("x.toml", b"#" * (TEXT + 1), "1 MiB"),
    ],
)
def test_settings_that_cannot_be_read(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        read_file(tmp_path / name)


def test_a_pipe_is_no_settings_file(tmp_path: Path) -> None:
    """Reading it would wait for a writer, for ever."""
    os.mkfifo(tmp_path / "x.toml")
    with pytest.raises(ConfigError, match=r"x\.toml"):
        read_file(tmp_path / "x.toml")


def test_csv_quotes_what_would_break_a_row(tmp_path: Path) -> None:
    with (tmp_path / "x.csv").open("w", newline="") as file:
        write_csv(file, ["file", "n"], [["a,b", 1], ['"c"', 2.5]])
    assert (tmp_path / "x.csv").read_bytes() == b'file,n\n"a,b",1\n"""c""",2.5\n'


# Interrupts


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_waits_until_it_is_polled(number: signal.Signals) -> None:
    before, reached = handlers(), []
    with pytest.raises(interrupts.Stopped) as caught, interrupts.handled():
        assert not interrupts.asked()
        interrupts.poll()
        os.kill(os.getpid(), number)
        reached.append("here, whole")
        assert interrupts.asked()
        interrupts.poll()
        reached.append("never")
    assert reached == ["here, whole"]
    assert caught.value.code == 128 + number
    assert not interrupts.asked() and handlers() == before


def test_a_signal_that_nothing_polled_is_raised_at_the_end() -> None:
    with pytest.raises(interrupts.Stopped, match="SIGTERM"), interrupts.handled():
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_second_signal_ends_the_process_at_once() -> None:
    program = """
import os, signal
from infogan.core import apart, interrupts
with interrupts.handled():
    os.kill(os.getpid(), signal.SIGINT)
    print("polls later", flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    print("never", flush=True)
"""
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (128 + signal.SIGTERM, "polls later\n")


def test_children_are_asked_to_stop_once_whenever_they_began() -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(interrupts.Stopped), interrupts.handled():
        early = subprocess.Popen(sleep)
        interrupts.pass_on(early)
        assert early.poll() is None
        os.kill(os.getpid(), signal.SIGINT)
        late = subprocess.Popen(sleep)
        interrupts.pass_on(late)
    assert [child.wait(30) for child in (early, late)] == [-signal.SIGTERM] * 2


def test_a_module_run_apart_ends_when_the_process_is_to_stop() -> None:
    """As when it downloads: a signal to one process reaches no other by itself."""
    begun, reached = time.monotonic(), list[int]()
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM))
    with pytest.raises(interrupts.Stopped), interrupts.handled():
        timer.start()
        reached.append(apart.run("timeit", "-n1", "-r1", "import time; time.sleep(60)")[0])
    assert reached == [-signal.SIGTERM]
    assert time.monotonic() - begun < 30
