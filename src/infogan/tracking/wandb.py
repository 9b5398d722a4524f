"""Weights & Biases: RUN/wandb, which nothing leaves until `wandb sync`, or WANDB_MODE=online."""

import os
import uuid
from collections.abc import Sequence
from pathlib import Path

from infogan.runs.folder import Run
from infogan.tracking.base import Backend, Values

PROJECT = "infogan"  # unless WANDB_PROJECT names another


class Wandb(Backend):
    """A folder for each process that trained, all under one id, which make one run when synced.
    After a kill a new run has the whole log: a process of the package's own held some of it."""

    package = "wandb"
    keeps = False

    def __init__(self, run: Run, known: str) -> None:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # read when it is imported
        import wandb

        settings = wandb.Settings(
            mode=os.environ.get("WANDB_MODE", "offline"),
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            console="off",  # else it takes this process's output
            silent=True,
            disable_git=True,
            save_code=False,
        )
        self._run = wandb.init(
            dir=run.path,
            id=known or uuid.uuid4().hex[:12],
            name=run.path.name,
            config=run.config.tree(),
            resume="allow" if known else None,
            settings=settings,
        )

    @property
    def id(self) -> str:
        return str(self._run.id)

    def log(self, step: int, values: Values) -> None:
        self._run.log(dict(values), step=step, commit=True)  # else it waits for the next

    def finish(self, step: int, scores: Values, pictures: Sequence[Path]) -> None:
        import wandb

        self._run.log(
            {path.stem: wandb.Image(str(path)) for path in pictures}, step=step + 1, commit=True
        )
        self._run.summary.update({f"scores/{name}": value for name, value in scores.items()})

    def close(self) -> None:
        self._run.finish()
