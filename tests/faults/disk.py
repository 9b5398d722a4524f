"""A disk that forgets: which files a crash or a power cut can leave behind, after any call of a
sequence of writes.

`Tape` stands in for the `os` and `shutil` that a module sees; it notes every call, or fails at one.
`states` replays a tape and gives each state of the disk: after each call, with writes torn, and
with what was not synced lost.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Call = tuple[str, Path, Any]
TEARS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda data: b"",
    "one byte": lambda data: data[:1],
    "half": lambda data: data[: len(data) // 2],
    "all but one byte": lambda data: data[:-1],
    "zeros": lambda data: bytes(len(data)),
}


class Tape:
    """Passes calls on and notes them; call number `fails` raises an OSError instead."""

    def __init__(self, fails: int = -1, code: int = errno.ENOSPC) -> None:
        self.calls: list[Call] = []
        self._open: dict[int, Path] = {}
        self._fails, self._code = fails, code

    def __getattr__(self, name: str) -> Any:
        return getattr(os if hasattr(os, name) else shutil, name)

    def _note(self, kind: str, path: Path, more: Any = None) -> None:
        if len(self.calls) == self._fails:
            self._fails = -1
            raise OSError(self._code, os.strerror(self._code), str(path))
        self.calls.append((kind, Path(path), more))

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            self._note("create", path)
        descriptor = os.open(path, flags, mode)
        self._open[descriptor] = Path(path)
        return descriptor

    def write(self, descriptor: int, data: bytes) -> int:
        self._note("write", self._open[descriptor], bytes(data))
        return os.write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        self._note("fsync", self._open[descriptor])
        os.fsync(descriptor)

    def mkdir(self, path: Path) -> None:
        self._note("mkdir", path)
        Path(path).mkdir()

    def replace(self, old: Path, new: Path) -> None:
        self._note("rename", old, Path(new))
        Path(old).replace(new)

    rename = replace

    def rmtree(self, path: Path, ignore_errors: bool = False) -> None:
        for item in [*sorted(Path(path).rglob("*")), Path(path)] if Path(path).exists() else []:
            self._note("delete", item)
            shutil.rmtree(item) if item.is_dir() else item.unlink()


@dataclass
class Node:
    """A file or folder, as programs see it and as the disk has it."""

    data: bytes = b""
    names: dict[str, "Node"] | None = None
    synced_data: bytes = b""
    synced_names: dict[str, "Node"] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path) -> "Node":
        """What is there now, all of it synced."""
        if path.is_file():
            return cls(path.read_bytes(), None, path.read_bytes())
        names = {item.name: cls.of(item) for item in path.iterdir()}
        return cls(b"", names, b"", dict(names))

    def at(self, path: Path) -> "Node":
        """The node at a relative path."""
        node = self
        for part in path.parts:
            assert node.names is not None
            node = node.names[part]
        return node

    def apply(self, kind: str, path: Path, more: Any, root: Path) -> None:
        """One call."""
        path = path.relative_to(root)
        if kind == "fsync":
            node = self.at(path)
            node.synced_data, node.synced_names = node.data, dict(node.names or {})
            return
        names = self.at(path.parent).names
        assert names is not None
        if kind == "create":
            names.setdefault(path.name, Node()).data = b""
        elif kind == "mkdir":
            names[path.name] = Node(names={})
        elif kind == "write":
            names[path.name].data += more
        elif kind == "delete":
            del names[path.name]
        elif kind == "rename":
            moved = names.pop(path.name)
            target = self.at(more.relative_to(root).parent).names
            assert target is not None
            target[more.name] = moved

    def write(self, path: Path, forget_names: bool, tear: Callable[[bytes], bytes] | None) -> None:
        """The files that are found after the crash, below `path`."""
        if self.names is None:
            data = self.data if tear is None or self.data == self.synced_data else tear(self.data)
            path.write_bytes(data)
            return
        path.mkdir()
        for name, node in (self.synced_names if forget_names else self.names).items():
            node.write(path / name, forget_names, tear)


def states(
    before: Node, calls: list[Call], root: Path, scratch: Path
) -> Iterator[tuple[str, bool]]:
    """Put each state that a crash can leave into `scratch`; which it is, and whether all calls were
    done."""

    def left(disk: Node, words: str, done: bool) -> Iterator[tuple[str, bool]]:
        cuts: list[tuple[str, bool, Callable[[bytes], bytes] | None]] = [
            ("process killed", False, None)
        ]
        for forgotten in (False, True):
            cuts += [
                (f"power cut, names {forgotten}, {t}", forgotten, tear) for t, tear in TEARS.items()
            ]
        for cut, forgotten, tear in cuts:
            shutil.rmtree(scratch, ignore_errors=True)
            disk.write(scratch, forgotten, tear)
            yield f"{words}: {cut}", done

    done: list[Call] = []
    for number, call in enumerate([*calls, None]):
        disk = _replayed(before, done, root)
        words = f"before call {number}, {call[0]} {call[1].name}" if call else "after the last call"
        yield from left(disk, words, call is None)
        if call is None:
            return
        if call[0] == "write":
            for tear, torn in TEARS.items():
                half = _replayed(before, [*done, ("write", call[1], torn(call[2]))], root)
                shutil.rmtree(scratch, ignore_errors=True)
                half.write(scratch, False, None)
                yield f"{words}: killed within it, {tear} written", False
        done.append(call)


def _replayed(before: Node, calls: list[Call], root: Path) -> Node:
    disk = _copy(before)
    for kind, path, more in calls:
        disk.apply(kind, path, more, root)
    return disk


def _copy(node: Node) -> Node:
    names = (
        None if node.names is None else {name: _copy(child) for name, child in node.names.items()}
    )
    return Node(node.data, names, node.synced_data, dict(names or {}))
