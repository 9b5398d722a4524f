"""Tables of encoded images: Parquet files, and datasets that Hugging Face's library saved (Arrow).
They are read some rows at a time. The images are a column of bytes, or of structs of bytes and
path. A column named label, or one of that library's type ClassLabel, has the labels."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from infogan.core.errors import DataError, parsing
from infogan.core.limits import read_small, refuse_bomb
from infogan.data import arrays, cache, conversion, files, hub, splits
from infogan.data.conversion import Entry, Progress
from infogan.data.images import Images, Labels, described
from infogan.data.settings import Source
from infogan.data.splits import Split

PARQUET, STATE, INFO = ".parquet", "state.json", "dataset_info.json"
SPLITS = "dataset_dict.json"
BYTES = re.compile(r"(large_)?binary|struct<.*\bbytes: (large_)?binary\b.*>")  # types of images
IMAGES = "image", "images", "img"  # the column that is meant where several have bytes
LABELS = "label", "labels", "y"
LABEL_TYPES = re.compile(r"bool|u?int\d+|(large_)?string|dictionary<values=(large_)?string, .*>")
AT_ONCE, LABELS_AT_ONCE = 16, 1 << 16  # rows that are read at once
BUFFER = 1 << 20  # bytes of a column that are read at once


def is_table(name: str) -> bool:
    """Whether that is a name of the Hub, a Parquet file, or a folder of what is read here."""
    path = Path(name)
    if name.startswith(hub.PREFIX) or (path.suffix == PARQUET and path.is_file()):
        return True
    is_of_parquet = bool(splits.files(path, PARQUET)) and not files.holds_images(path)
    return path.is_dir() and (_is_saved(path) or is_of_parquet)


def _is_saved(folder: Path) -> bool:
    """Whether a folder is what `save_to_disk` wrote, with or without splits."""
    return (folder / SPLITS).is_file() or all((folder / name).is_file() for name in (STATE, INFO))


def _saved(folder: Path) -> dict[str, list[Path]]:
    """The files of a saved dataset by its splits; of one without splits by no name."""
    if not (folder / SPLITS).is_file():
        return {"": _of_state(folder)}
    names = [Path(str(name)).name for name in _json(folder / SPLITS, "splits")]
    return {name: _of_state(folder / name) for name in names}


def _of_state(folder: Path) -> list[Path]:
    """The files of one split in their order; others may be left from an earlier save."""
    with parsing(folder / STATE, "what save_to_disk writes"):
        parts = _json(folder / STATE, "_data_files")
        return [folder / Path(part["filename"]).name for part in parts]


def _json(path: Path, key: str) -> Any:
    with parsing(path, "what save_to_disk writes"):
        return json.loads(read_small(path, "what save_to_disk writes"))[key]


@dataclass(frozen=True)
class Rows:
    """The encoded images of one or several files; each is a row, `train-0.parquet#17`."""

    root: Path  # the folder below which the files lie
    files: Sequence[Path]
    number: int
    images: str  # the column of images
    label: str | None  # that of labels
    classes: Sequence[str]  # what whole numbers in it stand for; none: for themselves
    unused: str = ""  # a column that is named as one of labels and is of another type

    @classmethod
    def of(cls, root: Path, paths: Sequence[Path]) -> Self:
        """Look at files; DataError that names one with other columns than the first."""
        if not paths:
            raise DataError(f"{root}: there is no image in it")
        with parsing(paths[0], "a table"):  # names of columns need not be text
            first, number = _table(paths[0])
            known = _known(first)
            images, (label, unused) = _images(first, known, paths[0]), _label(first, known)
            for path in paths[1:]:
                schema, n = _table(path)
                number += n
                for name in [images, label] if label else [images]:
                    own = schema.field(name).type if name in schema.names else "missing"
                    if own != (wanted := first.field(name).type):
                        fault = f"its column {name} is {own}, in {paths[0].name} {wanted}"
                        raise DataError(f"{path}: {fault}; write all alike, or put it elsewhere")
            classes = [str(name) for name in known.get(label or "", {}).get("names", ())]
        return cls(root, paths, number, images, label, classes, unused)

    def __len__(self) -> int:
        return self.number

    def __iter__(self) -> Iterator[Entry]:
        return self[:]

    def __getitem__(self, rows: slice) -> Iterator[Entry]:
        """Every so many rows, as `rows[::20]`."""
        step, total = rows.step or 1, 0
        for path in self.files:
            name, row = path.relative_to(self.root).as_posix(), 0
            for column in _columns(path, self.images, AT_ONCE):
                for i in range(-total % step, len(column), step):
                    with parsing(path, "a table"):
                        content = _content(column[i].as_py(), path.parent)
                    yield Entry(content, f"{name}#{row + i}")
                row, total = row + len(column), total + len(column)

    def labels(self, name: str) -> tuple[Labels, tuple[str, ...]]:
        """[N] the class of each image and the names of the classes; -1 where it has none."""
        pa = pyarrow(self.files[0])
        parts = list[Any]()
        for path in self.files:
            parts += _columns(path, self.label or "", LABELS_AT_ONCE)
        with parsing(f"{name}: {self.label}", "labels"):
            column = pa.chunked_array(parts)
            if pa.types.is_dictionary(column.type):
                column = column.cast(column.type.value_type)
            if "string" in str(column.type):
                return _of_words(column, name)
            numbers = column.cast(pa.int64()).fill_null(-1).to_numpy()
            labels, classes = arrays.labelled(numbers, name)
        names = [self.classes[int(c)] if int(c) < len(self.classes) else c for c in classes]
        return labels, tuple(names)


def load(source: Source, split: Split, progress: Progress) -> tuple[Images, bool]:
    """Load the images of a table, from the cache or decoded into it, and whether these are the
    split already; DataError where they are none."""
    rows, left_out, is_split = rows_of(source, split)
    about = "rows", str(rows.root.resolve()), rows.images, cache.stamps(rows.root, rows.files)
    pixels, found = conversion.kept(about, rows, rows.root, source, progress, left_out)
    kept, words = found.rows(len(rows)), f", {len(rows.files)} files" * (len(rows.files) > 1)
    labels, classes = np.empty(0, np.int64), tuple[str, ...]()
    if rows.label:
        labels, classes = rows.labels(source.name)
        labels = labels if kept is None else labels[kept]
        words += f", labels of {rows.label}"
    if rows.unused:
        words += f", without {rows.unused}"
    images = Images(pixels, labels, classes, source.name, (), kept, decided=found.decided)
    return described(images, found.told(source, words)), is_split


def rows_of(source: Source, split: Split) -> tuple[Rows, Counter[str], bool]:
    """The rows of a source for a split, what is left out, and whether this is the split already."""
    path, left_out = Path(source.name), Counter[str]()
    if path.is_file():
        by_name = {path.name: [path]}
    elif source.name.startswith(hub.PREFIX) or _is_saved(path):
        there = _saved(path) if path.is_dir() else hub.cached(source.name)
        # Beside train, a split of another name (extra, unsupervised) is none of ours.
        by_name = {n: of for n, of in there.items() if n in splits.PARTS or "train" not in there}
        left_out = Counter({f"split {name}": 1 for name in there.keys() - by_name})
    else:
        found = splits.files(path, PARQUET, source.only)
        by_name = splits.named(path, found)
        left_out = Counter() if source.only else files.beside(path, found)
    paths, is_split = splits.chosen(path, by_name, split)
    root = path.parent if path.is_file() else path if path.is_dir() else paths[0].parent
    return Rows.of(root, paths), left_out, is_split


def pyarrow(path: Path) -> Any:
    """The library, with what reads Parquet; DataError that says how to get it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise DataError(f"{path}: needs pyarrow; pip install pyarrow") from None
    return pyarrow


def _table(path: Path) -> tuple[Any, int]:
    """The schema of a file, and how many rows it has."""
    pa = pyarrow(path)
    with parsing(path, "a table"):
        if path.suffix == PARQUET:
            about = pa.parquet.read_metadata(path)
            sizes = [about.row_group(i).total_byte_size for i in range(about.num_row_groups)]
            refuse_bomb(path, sum(sizes), path.stat().st_size)
            return about.schema.to_arrow_schema(), about.num_rows
        with pa.memory_map(str(path)) as mapped, pa.ipc.open_stream(mapped) as stream:
            return stream.schema, sum(batch.num_rows for batch in stream)


def _columns(path: Path, name: str, at_once: int) -> Iterator[Any]:
    """Yield a column of a file: of Parquet so many rows at once, of Arrow a batch as written."""
    pa = pyarrow(path)
    with parsing(path, "a table"):
        if path.suffix == PARQUET:
            with pa.parquet.ParquetFile(path, buffer_size=BUFFER) as file:
                for batch in file.iter_batches(at_once, columns=[name]):
                    yield batch.column(name)
            return
        with pa.memory_map(str(path)) as mapped, pa.ipc.open_stream(mapped) as stream:
            for batch in stream:
                column = batch.column(name)
                column.validate(full=True)  # reading did not look at what is mapped
                yield column


def _known(schema: Any) -> dict[str, dict[str, Any]]:
    """What Hugging Face's library wrote about the columns, if it did."""
    about = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    columns = about.get("info", {}).get("features", {})
    return {name: column for name, column in columns.items() if isinstance(column, dict)}


def _of_type(schema: Any, known: dict[str, dict[str, Any]], kind: str) -> list[str]:
    return [name for name in schema.names if known.get(name, {}).get("_type") == kind]


def _images(schema: Any, known: dict[str, dict[str, Any]], path: Path) -> str:
    """The column of images."""
    with_bytes = [field.name for field in schema if BYTES.fullmatch(str(field.type))]
    found = _of_type(schema, known, "Image") or with_bytes
    named = [name for name in IMAGES if name in found]
    if not named and len(found) != 1:
        there = ", ".join(f"{field.name} ({field.type})" for field in schema)
        remedy = f"give one of bytes, a PNG or JPEG in each row, named {IMAGES[0]}"
        raise DataError(f"{path}: its columns are {there[:400]}; {remedy}")
    return (named or found)[0]


def _label(schema: Any, known: dict[str, dict[str, Any]]) -> tuple[str | None, str]:
    """The column of labels, if there is one; and in words one that is named so but has none."""
    unused = ""
    for name in [*LABELS, *_of_type(schema, known, "ClassLabel")]:
        if name in schema.names:
            kind = str(schema.field(name).type)
            if LABEL_TYPES.fullmatch(kind):
                return name, unused
            unused = f"{name}, which is {kind}"
    return None, unused


def _content(value: Any, folder: Path) -> str | bytes:
    """The bytes of a row, or the file that it names in their place; none where there is neither."""
    if not isinstance(value, dict):
        return value or b""
    file = folder / (value.get("path") or "")
    return value.get("bytes") or (str(file) if file.is_file() else b"")


def _of_words(column: Any, name: str) -> tuple[Labels, tuple[str, ...]]:
    """[N] labels of a column of names; spaces around them do not count, none is -1."""
    coded = column.dictionary_encode().combine_chunks()
    arrays.refuse_classes(len(coded.dictionary), name)
    words = [(word or "").strip() for word in coded.dictionary.to_pylist()]
    labels, classes = arrays.labelled(np.array(words, np.str_), name)
    return np.append(labels, -1)[coded.indices.fill_null(-1).to_numpy()], classes
