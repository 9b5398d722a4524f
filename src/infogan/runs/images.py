"""The real images of a run: which it learned from, where they are now, what became of them since.

A file is known by its path below the folder and by its pixels. What a run learned from stays what
it learned from, and what was held out stays held out, however the folder changes.
"""

import csv
import logging
import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Literal, NamedTuple, Self

from infogan import __version__, data
from infogan.config.settings import RunConfig
from infogan.core import atomic, tables
from infogan.core.errors import DataError, RunError, parsing
from infogan.data import Source, Split, labels
from infogan.data.folder import once
from infogan.data.images import Images
from infogan.data.settings import GIVEN
from infogan.data.sources import absolute
from infogan.data.splits import UnsplitError
from infogan.runs.folder import Run
from infogan.runs.record import Learned, Origin, Record

HEADER = ["file", "sha256", "split"]
logger = logging.getLogger("infogan")


class Listed(NamedTuple):
    """A file of a run's images."""

    sha256: str  # of its pixels, at the run's size
    split: Literal["train", "validation"]


Listing = Mapping[str, Listed]
"""The files of a run's images by their paths below its folder; empty if they are no files."""


def read_listing(run: Run) -> Listing:
    """The images.csv of a run; RunError where it is not what training wrote."""
    if not run.images_file.is_file():
        return {}
    with (
        parsing(run.images_file, "the list of a run's images", RunError),
        run.images_file.open(encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        header, *rows = csv.reader(file, strict=True)
        if header != HEADER or any(row[2:] not in (["train"], ["validation"]) for row in rows):
            raise ValueError(f"its header is not {','.join(HEADER)}, or a split is neither")
        return {row[0]: Listed(row[1], row[2]) for row in rows}  # type: ignore[arg-type]


@dataclass(frozen=True)
class Training:
    """The images that a run is to learn from, and what its folder keeps of them."""

    images: Images
    learned: Learned
    listing: Listing = field(default_factory=dict)
    held_out: int = 0  # images of the source that are not learned from

    @classmethod
    def of(
        cls, images: Images, source: Source, listing: Listing | None = None, held_out: int = 0
    ) -> Self:
        """Images of a source."""
        found = {"number": len(images), "shape": images.shape, "digest": images.digest}
        decided = absolute(source.model_copy(update=images.decided))
        return cls(images, Learned(source=decided, **found), listing or {}, held_out)

    @classmethod
    def given(cls, images: Images) -> Self:
        """Images that were given as an array, of which none is held out."""
        return cls.of(images, Source(name=GIVEN))

    @classmethod
    @once()
    def load(cls, source: Source, earlier: Run | None = None) -> Self:
        """Load the training split of a source. earlier: the run whose weights are the start: what
        it learned from and what it held out stay so, and only what is new is split."""
        train = data.load(source, "train")
        held_out = _held_out(source, train)
        if not train.files:
            return cls.of(train, source, held_out=len(held_out or ()))
        listing: dict[str, Listed] = {}
        known = Known(read_listing(earlier) if earlier else {})
        for images, split in [(held_out, "validation"), (train, "train")]:
            if images is None:
                continue
            for name, pixels in zip(below(images), images.fingerprints, strict=True):
                listing[name] = Listed(pixels, known.split(name, pixels) or split)  # type: ignore[arg-type]
        if known.listing:
            whole = data.load(source, "all")
            names = below(whole)
            train = whole.subset([i for i, n in enumerate(names) if listing[n].split == "train"])
        return cls.of(train, source, listing, len(listing) - len(train))

    def record(self, origin: Origin | None, config: RunConfig) -> Record:
        """What run.json is to say."""
        path = labels.csv_of(config.labels)
        learned = self.learned.model_copy(update={"labels": path and str(path)})
        return Record(infogan=__version__, images=learned, continued_from=origin)

    def write(self, run: Run) -> None:
        """Write images.csv, if they are files."""
        if self.listing:
            text = StringIO()
            tables.write_csv(text, HEADER, ((name, *own) for name, own in self.listing.items()))
            atomic.replace(run.images_file, text.getvalue().encode("utf-8", "surrogateescape"))

    def check(self, run: Run) -> None:
        """RunError, which says what changed, unless these are the images of the run."""
        if self.learned.digest == run.record.images.digest:
            return
        now = {name: listed.sha256 for name, listed in self.listing.items()}
        changed = Known(read_listing(run)).changes(now) or "its images or their labels changed"
        remedy = "bring them back, or use --fresh"
        if run.weights_file.is_file():
            name = "IMAGES" if self.learned.source.name == GIVEN else shlex.quote(self.images.name)
            again = f"infogan train {name} --continue-from {shlex.quote(str(run.path))} --run NEW"
            remedy += f", or learn from them as they are: {again}"
        raise RunError(f"{run.path}: {changed}, so it cannot go on; {remedy}")


class Known:
    """The files that a run knows, to be found again by path or by pixels."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        # Of two files with the same pixels, the one that was learned from counts.
        ordered = sorted(listing.values(), key=lambda listed: listed.split == "train")
        self.by_pixels = {listed.sha256: listed.split for listed in ordered}

    def split(self, name: str, pixels: str) -> str | None:
        """The split of an image that the run knows; None if it is new. A trained one stays so, if
        its file was edited or if it has another name now."""
        if not self.listing:
            return None
        splits = {self.by_pixels.get(pixels), getattr(self.listing.get(name), "split", None)}
        return next((split for split in ("train", "validation") if split in splits), None)

    def changes(self, now: Mapping[str, str]) -> str:
        """How many images are new, gone or changed, in words; empty if none is.
        now: the pixels' sha256 of each file that is there, by path."""
        before, there = self.by_pixels, set(now.values())
        paths = self.listing.keys()
        counts = {
            "new": sum(n not in paths and own not in before for n, own in now.items()),
            "changed": sum(n in paths and own not in before for n, own in now.items()),
            "renamed": sum(n not in paths and own in before for n, own in now.items()),
            "gone": sum(self.listing[n].sha256 not in there for n in paths - now.keys()),
        }
        words = [f"{count:,} {word}" for word, count in counts.items() if count]
        return f"{', '.join(words)} of {len(paths):,} images since training" if words else ""


def below(images: Images) -> list[str]:
    """[N] the path of each image below the folder of its source."""
    return [file.removeprefix(f"{images.root}/") for file in images.files]


def _held_out(source: Source, train: Images) -> Images | None:
    """The validation images of a source, read as those of training are; None where they are too few
    to be split."""
    asked = source.model_copy(update=train.decided)
    with suppress(DataError):  # they may be of other sizes
        if (found := data.load(asked, "validation")).shape == train.shape:
            return found
    try:
        return data.load(_shaped(asked, train.shape), "validation")
    except UnsplitError:
        return None


@once()
def real_images(
    config: RunConfig,
    run: Run | None = None,
    split: Split = "validation",
    other: Source | None = None,
) -> Images:
    """Images as a run sees them: `validation` is what it did not learn from, new files included.

    run: the folder of the model; None: the splits are those of the source. other: images in place
    of the run's own, without its labels. A warning says what is new, gone or changed, and where no
    image was held out. DataError says where images were looked for.
    """
    if run is None:
        found = _split(config.data, split)
    else:
        was = run.record.images.source
        places = [as_decided(other, was)] if other else _places(config.data, was)
        now, looked, missing = None, list[_Now](), list[str]()
        for place in places:
            try:
                now = _Now(place, run, own=other is None)
            except DataError as error:
                missing.append(str(error))
                continue
            looked.append(now)
            if now.same:
                break
        if not looked:
            raise DataError("; ".join(dict.fromkeys(missing)))
        found = (now if now and now.same else looked[0]).take(split)
    given = labels.csv_of(config.labels)
    if run and (own := run.record.images.labels) and Path(own).is_file():
        given = Path(own)
    return labels.for_scoring(found, None if other else given, config.data.name)


@once()
def changed(run: Run) -> str:
    """Why a run's images are not those that it began with, in words; empty if they are."""
    words = list[str]()
    for place in _places(run.config.data, run.record.images.source):
        try:
            words.append(_Now(place, run, own=True).changes)
        except DataError as error:
            words.append(str(error))
    return min(words, key=len)


def _places(asked: Source, was: Source) -> list[Source]:
    """Where to look for the images of a run: the place where they were, called as it was asked for
    if that leads there, then what the same words lead to from this working folder."""
    asked = as_decided(asked, was)
    return [asked] if absolute(asked) == was else [was, asked]


def as_decided(source: Source, was: Source) -> Source:
    """A source whose images are read by what was decided for those that a run learned from."""
    rules = {name: getattr(was, name) for name in ("range", "background", "color", "channels")}
    return source.model_copy(update=rules)


def _split(source: Source, split: Split) -> Images:
    """A split by the rule of the source; instead of too few for a validation split, all."""
    try:
        return data.load(source, split)
    except UnsplitError:
        if split != "validation":
            raise
        images = data.load(source, "all")
        logger.warning("%s: no image was held out; these were learned from", images.name)
        return images


def _as_learned(place: Source, learned: Learned, own: bool) -> Source:
    """A place with its images brought to the shape of those that were learned from."""
    if own:
        with suppress(DataError):
            if data.load(place, "all").shape == learned.shape:
                return place  # and no file is read again
    return _shaped(place, learned.shape)


def _shaped(source: Source, shape: tuple[int, int, int]) -> Source:
    """A source whose images are brought to H, W, C."""
    height, width, channels = shape
    color = "grey" if channels == 1 else "rgb"
    return source.model_copy(update={"size": (height, width), "color": color})


class _Now:
    """The images at a place now, compared with those that a run learned from."""

    def __init__(self, place: Source, run: Run, own: bool) -> None:
        learned = run.record.images
        self.known, self.files = Known(read_listing(run)), dict[str, str]()
        self.source = place
        if self.known.listing or not own:
            self.source = _as_learned(place, learned, own)
        self.images = data.load(self.source, "all") if self.known.listing else None
        if self.images is not None and self.images.files:
            names = below(self.images)
            self.files = dict(zip(names, self.images.fingerprints, strict=True))
            if not own and not self.known.by_pixels.keys() & set(self.files.values()):
                self.files = {}  # images of another kind: nothing here was learned from
            self.changes = self.known.changes(self.files) if self.files else ""
            self.same = bool(self.files) and not self.changes
        else:
            given = learned.source.name == GIVEN
            digest = data.load(self.source, "all" if given else "train").digest
            self.same, self.changes = digest == learned.digest, ""
            if own and not self.same:
                self.changes = "they are not those of training, so some may have been learned from"
            elif given and self.same:
                self.changes = "these are the very images that the run learned from"

    def take(self, split: Split) -> Images:
        """A split, with a warning about what changed."""
        if self.changes:
            logger.warning("%s: %s", self.source.name, self.changes)
        if not self.files or self.images is None or split == "test":
            return _split(self.source, split)
        splits = [self.known.split(*file) or "validation" for file in self.files.items()]
        rows = [i for i, own in enumerate(splits) if split in (own, "all")]
        if not rows and split == "validation":
            logger.warning("%s: no image was held out; these were learned from", self.source.name)
            return self.images
        return self.images.subset(rows)
