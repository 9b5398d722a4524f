"""Files from others, mutated: only InfoganErrors come out, memory stays bounded, nothing is run.

Run as a script: python mutations.py FORMAT --count N. A forked child reads the files under a limit
of memory and an audit hook that ends it at the first forbidden event; the mutant that kills it is
found by its number.
"""

import argparse
import faulthandler
import gzip
import io
import json
import logging
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from harness import TINY, Tally, strokes
from PIL import Image
from safetensors.torch import load

from infogan.config.presets import DIGITS
from infogan.config.settings import RunConfig
from infogan.config.toml import as_toml
from infogan.config.tree import merged
from infogan.core.errors import InfoganError, RunError, parsing
from infogan.core.tables import read_file
from infogan.data import Source, archives, conversion, decoding, folder, idx, npz
from infogan.data.labels import from_csv
from infogan.information.table import read_table
from infogan.model.file import digest
from infogan.model.model import Model
from infogan.pipeline.run import fit
from infogan.runs import checkpoints
from infogan.runs.folder import Run
from infogan.runs.images import Listed, Training, read_listing
from infogan.training.trainer import Trainer

FORBIDDEN = {
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"),
    *("os.remove", "os.rename", "shutil.rmtree", "socket.connect", "socket.bind"),
    *("pickle.find_class", "exec", "ctypes.dlopen"),
}
GROWTH, SECONDS, BATCH = 256 << 20, 2.0, 2000
FORBIDDEN_CODE = 97
"""Exit code of a child that met a forbidden event."""
CONDITIONS = ("our_errors", "in_time", "nothing_forbidden")
"""What the child reports when it is broken; its parent adds bounded_memory and survives."""
WORDS = [
    *(b"1e400", b"NaN", b"-1", b"0", b"null", b"true", b'""', b"[]", b"{}", b'"\\ud800"'),
    *(b"1" * 400, b"\xff\xfe", b"[" * 3000, b'{"a":' * 1500, b'{"_target_": "os.system"}'),
    *(b"!!python/object", b"__class__", b"=cmd()", b",", b"\r\n", b"\0", b"'"),
    *(b"9223372036854775807", b"4294967296", b"65535", b"0.1", b"kind", b"\xef\xbb\xbf"),
]
INTEGERS = [
    *(0, 1, 127, 128, 255, 256, 65535, 65536),
    *(2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1),
]
LATE = ("PIL.", "encodings.", "numpy.", "torch.", "infogan.", "_")
"""Modules that may be imported while a file is read."""
Reader = Callable[[Path], Any]
Dresser = Callable[[bytes, random.Random], bytes]


def mutated(seed: bytes, rng: random.Random) -> bytes:
    """Bytes changed in one to four places: flipped, cut, inserted, doubled, set to a number or a
    word that hurts."""
    data = bytearray(seed)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        size = max(1, len(data))
        at = rng.randrange(min(size, 64) if rng.random() < 0.4 else size)  # headers matter most
        match rng.randrange(8):
            case 0:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del data[at:]
            case 2:
                del data[at : at + rng.choice([1, 4, 16])]
            case 3:
                data[at:at] = data[at : at + rng.choice([1, 8, 64])]
            case 4:
                number, width = rng.choice(INTEGERS), rng.choice([1, 2, 4, 8])
                order = rng.choice(["big", "little"])
                data[at : at + width] = (number % 256**width).to_bytes(width, order)
            case 5:
                data[at:at] = rng.choice(WORDS)
            case 6:
                data[at : at + rng.choice([1, 3, 8])] = rng.choice(WORDS)
            case _:
                flipped = bytes([data[at] ^ 1 << rng.randrange(8)]) if at < len(data) else b"\0"
                data[at : at + 1] = flipped
    return bytes(data)


def safetensors_of(content: bytes, rng: random.Random) -> bytes:
    """A mutated header or body under a right length and, when it can be read, a right sha256."""
    size = int.from_bytes(content[:8], "little")
    header, body = content[8 : 8 + size], content[8 + size :]
    if rng.random() < 0.7:
        header = mutated(header, rng)
    else:
        at = rng.randrange(len(body) - 4)
        bad = rng.choice([b"\x00\x00\xc0\x7f", b"\x00\x00\x80\x7f", bytes(4)])
        body = body[:at] + bad + body[at + 4 :]
        content = len(header).to_bytes(8, "little") + header + body
        try:
            tensors = load(content)
            about = json.loads(json.loads(header)["__metadata__"]["infogan"])
            old = about.pop("sha256")
            header = header.replace(old.encode(), digest(tensors, json.dumps(about)).encode())
        except Exception:
            pass
    return len(header).to_bytes(8, "little") + header + body


def npz_of(content: bytes, rng: random.Random) -> bytes:
    """An archive whose member is mutated and whose checksums are right."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(
        buffer, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    ) as archive:
        name = rng.choice(["images.npy", "images", "../x.npy", "labels.npy", "x\0y", "/etc/x.npy"])
        archive.writestr(name, mutated(content, rng))
    return buffer.getvalue()


def png_of(content: bytes, rng: random.Random) -> bytes:
    """A PNG with a mutated chunk under a right checksum."""
    at, chunks = 8, []
    while at + 8 <= len(content):
        (size,) = struct.unpack(">I", content[at : at + 4])
        chunks.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + size]))
        at += 12 + size
    i = rng.randrange(len(chunks))
    kind, body = chunks[i]
    if kind == b"IDAT":
        body = zlib.compress(mutated(zlib.decompress(body), rng))
    chunks[i] = kind, body if kind == b"IDAT" and rng.random() < 0.5 else mutated(body, rng)
    parts = [
        struct.pack(">I", len(b)) + t + b + struct.pack(">I", zlib.crc32(t + b)) for t, b in chunks
    ]
    return content[:8] + b"".join(parts)


def npy(array: Any) -> bytes:
    """An array as NPY."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def picture(form: str, mode: str = "RGB") -> bytes:
    """A small image with EXIF where the format has it."""
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    noise = np.random.default_rng(0).integers(0, 256, (20, 24, 4)).astype(np.uint8)
    more: dict[str, Any] = {"exif": exif} if form in ("JPEG", "PNG", "WEBP", "TIFF") else {}
    Image.fromarray(noise).convert(mode).save(buffer, form, **more)
    return buffer.getvalue()


def packed(mode: str) -> bytes:
    """An archive of two pictures, one in a folder."""
    buffer, files = io.BytesIO(), {"a.png": picture("PNG"), "b/c.jpg": picture("JPEG")}
    if mode == "w:zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


class Case:
    """A format: good files, a way to mutate below its checksums, and what reads it."""

    def __init__(
        self, name: str, seeds: list[bytes], read: Reader, dress: Dresser | None = None
    ) -> None:
        self.name, self.seeds, self.read, self.dress = name, seeds, read, dress

    def make(self, number: int) -> bytes:
        """The mutant of that number."""
        rng = random.Random(f"{self.name} {number}")
        seed = rng.choice(self.seeds)
        return self.dress(seed, rng) if self.dress and rng.random() < 0.5 else mutated(seed, rng)


def cases(root: Path) -> dict[str, Case]:
    """Every format, with its readers warmed up; root gets a small run."""
    run = root / "run"
    fit(TINY.replace(steps=2), run, images=strokes())
    trainer = Trainer(TINY.replace(steps=2), strokes())
    step = checkpoints.found(run / "checkpoints")[-1]
    for other in checkpoints.found(run / "checkpoints")[:-1]:
        shutil.rmtree(other)
    parts = {path.name: path.read_bytes() for path in step.iterdir()}

    def resumes(path: Path) -> None:
        """The mutant in the place of a file of a checkpoint, or also under a manifest that fits."""
        content = path.read_bytes() or b"\0"
        name, rest = content[:1].decode("latin1"), content[1:]
        names = sorted(parts)
        files = parts | {names[ord(name) % 4]: rest}
        if ord(name) >= 128:
            listed = {n: c for n, c in files.items() if n != "manifest.json"}
            files["manifest.json"] = checkpoints.manifest(listed)
        for file, text in files.items():
            (step / file).write_bytes(text)
        hook.armed = True
        if state := checkpoints.newest(step.parent):
            with parsing(step.parent, "a checkpoint of this run", RunError):
                trainer.restore(*state)

    def settings(path: Path) -> None:
        RunConfig.from_tree(merged(DIGITS.tree(), read_file(path)))

    def decode(path: Path) -> None:
        settings = {"size": (16, 16), "color": "rgb", "range": (0, 255), "background": "white"}
        small = Source.model_validate(settings)

        def shrunk(image: Image.Image) -> Any:
            return decoding.decoded(image, small, str)

        entries = folder.FileEntries.of(path.parent, [path.name])
        for _ in conversion.readable(entries, path.parent, 0, shrunk):
            decoding.is_grey(Image.new("L", (2, 2)))

    def archive(path: Path) -> None:
        shutil.rmtree(root / "unpacked", ignore_errors=True)
        with parsing(path, "a zip or tar file"):
            archives._unpack(path, root / "unpacked")

    def model(path: Path) -> None:
        path.replace(run / "model.safetensors")
        hook.armed = True
        Model.load(run)

    pixels, table = strokes(6).pixels, b"\n".join(b"0.5,2,1e-3" for _ in range(4))
    few = strokes(6)
    lines = [b"strokes#%d,%s\n" % (i, b"abcd"[i % 4 :][:1]) for i in range(6)]
    label_file = b"".join([b"file,label\n", *lines])
    grey = np.zeros((6, 16, 16), np.float32)
    idx_file = b"\0\0\x08\x03" + struct.pack(">III", 6, 16, 16) + pixels.tobytes()
    config = json.dumps(TINY.tree()).encode()
    zipped = io.BytesIO()
    np.savez_compressed(zipped, images=pixels, labels=np.arange(6))
    stack = io.BytesIO()
    first, *others = (Image.fromarray(image[..., 0]) for image in pixels)
    first.save(stack, "TIFF", save_all=True, append_images=others)
    pages = stack.getvalue()
    log = run / "metrics.jsonl"
    contents = [content for _, content in sorted(parts.items())]
    kinds = [
        bytes([i + 128 * fits]) + content for i, content in enumerate(contents) for fits in (0, 1)
    ]

    def metrics(path: Path) -> None:
        path.replace(log)
        hook.armed = True
        run_of.metrics()

    run_of = Run(run)
    record_file, told = run_of.record_file.read_bytes(), Run(root / "told")
    told.path.mkdir()
    listed = {f"{i:02d}.png": Listed(f"{i:064x}", "train") for i in range(6)}
    Training.of(few, Source(name="photos"), listed).write(told)
    list_file = told.images_file.read_bytes()

    def record(path: Path) -> None:
        path.replace(told.record_file)
        hook.armed = True
        _ = told.record

    def listing(path: Path) -> None:
        path.replace(told.images_file)
        hook.armed = True
        read_listing(told)

    made = [
        Case(
            "model.safetensors", [(run / "model.safetensors").read_bytes()], model, safetensors_of
        ),
        Case("checkpoint", kinds, resumes, lambda c, rng: c[:1] + mutated(c[1:], rng)),
        Case("settings.toml", [as_toml(DIGITS).encode(), as_toml(TINY).encode()], settings),
        Case("config.json", [config], settings),
        Case("run.json", [record_file], record),
        Case("images.csv", [list_file], listing),
        Case("metrics.jsonl", [log.read_bytes() * 3], metrics),
        Case("x-images-idx3-ubyte", [idx_file], idx.load_file),
        Case(
            "x-images-idx3-ubyte.gz",
            [gzip.compress(idx_file)],
            idx.load_file,
            lambda c, rng: gzip.compress(mutated(gzip.decompress(c), rng)),
        ),
        Case(
            "x.npy",
            [npy(pixels), npy(grey), npy(np.asfortranarray(pixels).astype(">u2"))],
            npz.load_file,
        ),
        Case("x.npz", [zipped.getvalue()], npz.load_file, lambda c, rng: npz_of(npy(pixels), rng)),
        Case("x.zip", [packed("w:zip")], archive),
        Case("x.tar", [packed("w:")], archive),
        Case("x.tar.gz", [packed("w:gz")], archive),
        Case("x.csv", [table], read_table),
        Case("labels.csv", [label_file], lambda path: from_csv(few, path)),
        Case(
            "x.png",
            [picture("PNG", mode) for mode in ("RGB", "RGBA", "L", "P", "1", "LA")],
            decode,
            png_of,
        ),
        Case("x.jpg", [picture("JPEG"), picture("JPEG", "CMYK"), picture("JPEG", "L")], decode),
        Case("x.webp", [picture("WEBP"), picture("WEBP", "RGBA")], decode),
        Case("x.gif", [picture("GIF", "P")], decode),
        Case("x.bmp", [picture("BMP")], decode),
        Case("x.ppm", [picture("PPM"), picture("PPM", "L"), picture("PPM", "1")], decode),
        Case("x.tiff", [*map(partial(picture, "TIFF"), ("RGB", "L", "CMYK", "1")), pages], decode),
    ]
    return {case.name: case for case in made}


class Hook:
    """Ends the process at a forbidden event while a reader runs."""

    def __init__(self) -> None:
        self.armed, self.name, self.report, self.place = False, "x", 2, ""

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        bad = event in FORBIDDEN
        if event == "compile":
            bad = args[1] != "<unknown>"  # numpy reads a header by ast.literal_eval: runs nothing
        elif event == "open":
            bad = bool((args[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
            bad = bad and not os.path.realpath(str(args[0])).startswith(self.place)
        elif event == "import":
            bad = not args[0].startswith(LATE)
        elif event in ("os.remove", "os.rename", "shutil.rmtree"):
            bad = self.name not in ("checkpoint", *ARCHIVES)  # which are set aside, or tidied
        if bad:
            self.armed = False
            os.write(self.report, f"\nnothing_forbidden: {event} {args!r:.200}\n".encode())
            os._exit(FORBIDDEN_CODE)


hook = Hook()
ARCHIVES = ("x.zip", "x.tar", "x.tar.gz")
"""Formats whose reader writes, but into one folder alone."""
PLACED = ("checkpoint", "model.safetensors", "metrics.jsonl", "run.json", "images.csv")
"""Formats whose reader first puts the file in its place, then arms the hook."""


def child(case: Case, numbers: range, root: Path, report: int) -> None:
    """Read the mutants of these numbers; a line for each broken condition, and one at the end."""
    sys.addaudithook(hook)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + 2 * GROWTH, size + 2 * GROWTH))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hook.armed, hook.report = False, report_end(report)
    faulthandler.enable(report)  # whoever crashes leaves its stack among the failures
    logging.disable()
    before, hook.name = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, case.name
    hook.place = os.path.realpath(root / "unpacked") + os.sep if case.name in ARCHIVES else "\0"
    for number in numbers:
        os.pwrite(report, b"%10d" % number, 0)
        path = root / case.name
        path.write_bytes(case.make(number))
        begun = time.process_time()
        signal.alarm(30)
        hook.armed = case.name not in PLACED
        try:
            case.read(path)
        except InfoganError:
            pass
        except BaseException as error:
            hook.armed = False
            os.write(report_end(report), f"our_errors: {number}, {error!r:.200}\n".encode())
        hook.armed = False
        if (took := time.process_time() - begun) > SECONDS:
            os.write(report_end(report), f"in_time: {number} took {took:.1f} s\n".encode())
    growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    os.write(report_end(report), f"END {growth}\n".encode())


def report_end(report: int) -> int:
    """The report, at its end."""
    os.lseek(report, 0, os.SEEK_END)
    return report


def mutations(case: Case, count: int, root: Path) -> Tally:
    """Read `count` mutants of one format."""
    tally, number, most = Tally(count), 0, 0
    while number < count:
        report = os.open(root / "report", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.pwrite(report, b"%10d\n" % number, 0)
        pid = os.fork()
        if not pid:
            try:
                child(case, range(number, min(count, number + BATCH)), root, report)
            finally:
                os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        first, *lines = os.pread(report, 1 << 20, 0).decode().splitlines()
        os.close(report)
        ended = bool(lines) and lines[-1].startswith("END ")
        if ended:
            growth = int(lines.pop().split()[1])
            most = max(most, growth)
            if growth > GROWTH:
                tally.fail("bounded_memory", f"{case.name}: grew by {growth >> 20} MiB")
        for line in lines:
            condition, _, words = line.partition(": ")
            if condition in CONDITIONS:
                at = "" if ended else f" {first.strip()}:"
                tally.fail(condition, f"{case.name}{at} {words}")
        if not ended and status != FORBIDDEN_CODE:
            stack = " ".join(lines)
            tally.fail("survives", f"{case.name} {first.strip()}: {status}, {stack:.200}")
        reached = min(count, number + BATCH) if ended else int(first) + 1
        tally.trials += reached - number
        number = reached
    tally.notes = {"largest growth of memory, MiB": most >> 20}
    return tally


def main() -> None:
    """Print a tally for each format asked for, as JSON by format."""
    parser = argparse.ArgumentParser()
    parser.add_argument("formats", nargs="*")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--planted", action="store_true", help="readers with a defect each")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    Image.init()
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder_name:
        root = Path(folder_name)
        every = cases(root)
        for case in every.values():  # warm: whatever is imported late is imported now
            (root / case.name).write_bytes(case.seeds[0])
            case.read(root / case.name)
        if asked.planted:
            every = planted_cases(root)
        found = {}
        for name in asked.formats or every:
            found[name] = mutations(every[name], asked.count, root).report()
    print(json.dumps(found))


def planted_cases(root: Path) -> dict[str, Case]:
    """Readers with a defect each."""
    slept: list[Path] = []

    def wrong(path: Path) -> None:
        if path.read_bytes() > b"\x80":
            raise KeyError("foreign")

    def slow(path: Path) -> None:
        begun = time.process_time()
        while not slept and time.process_time() - begun < 1.05 * SECONDS:
            pass
        slept.append(path)

    def hungry(path: Path) -> None:
        bytearray(GROWTH + (50 << 20))

    readers: dict[str, Reader] = {
        "a foreign error": wrong,
        "code that runs": lambda path: exec(compile("1", "x", "exec")),
        "a process": lambda path: os.system("true"),
        "memory": hungry,
        "a loop": slow,
        "a crash": lambda path: os.kill(os.getpid(), signal.SIGSEGV),
        "a file written": lambda path: path.with_name("y").write_bytes(b""),
    }
    return {name: Case(name, [bytes([200])], read) for name, read in readers.items()}


if __name__ == "__main__":
    main()
