"""TensorBoard: event files in RUN/tensorboard, for `tensorboard --logdir runs/`."""

from collections.abc import Sequence
from pathlib import Path
from time import time
from typing import Any

from infogan.runs.folder import Run
from infogan.tracking.base import Backend, Values

FOLDER = "tensorboard"
RGB = 3  # its number for the colours of an image, which it shows whatever they are


class TensorBoard(Backend):
    """A file of events for each process that trained, flushed at each line. It is written by
    TensorBoard's own writer, which keeps the names of terms as they are; torch's changes them."""

    package = "tensorboard"

    def __init__(self, run: Run, known: str) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._writer = EventFileWriter(str(run.path / FOLDER))

    def log(self, step: int, values: Values) -> None:
        self._add(step, [{"tag": name, "simple_value": value} for name, value in values.items()])

    def finish(self, step: int, scores: Values, pictures: Sequence[Path]) -> None:
        self.log(step, {f"scores/{name}": value for name, value in scores.items()})
        self._add(step, [{"tag": path.stem, "image": _image(path)} for path in pictures])

    def close(self) -> None:
        self._writer.close()

    def _add(self, step: int, values: Sequence[dict[str, Any]]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        summary = Summary(value=[Summary.Value(**value) for value in values])
        self._writer.add_event(Event(wall_time=time(), step=step, summary=summary))
        self._writer.flush()


def _image(path: Path) -> Any:
    """A PNG file as TensorBoard holds it; the sides are the first numbers of its header."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    content = path.read_bytes()
    width, height = (int.from_bytes(content[at : at + 4]) for at in (16, 20))
    return Summary.Image(height=height, width=width, colorspace=RGB, encoded_image_string=content)
