"""MLflow: a file store in RUN/mlflow, or what MLFLOW_TRACKING_URI names, for several runs."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from time import time

from infogan.config.tree import flat
from infogan.runs.folder import Run
from infogan.tracking.base import Backend, Values

FOLDER = "mlflow"
EXPERIMENT = "infogan"  # unless MLFLOW_EXPERIMENT_NAME names another
BATCH = 100  # parameters that it takes at once
LONGEST = 500  # characters of a parameter


class MLflow(Backend):
    """A run of an experiment; its own name of the run is its id."""

    package = "mlflow"

    def __init__(self, run: Run, known: str) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when it is imported
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # kept up, but not added to
        from mlflow import MlflowClient

        own = (run.path / FOLDER).resolve().as_uri()
        self._client = MlflowClient(tracking_uri=os.environ.get("MLFLOW_TRACKING_URI") or own)
        self._id = known or self._begin(run)
        self._client.update_run(self._id, status="RUNNING")

    @property
    def id(self) -> str:
        return self._id

    def _begin(self, run: Run) -> str:
        """A new run, with the settings as its parameters."""
        from mlflow.entities import Param

        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
        found = self._client.get_experiment_by_name(name)
        experiment = found.experiment_id if found else self._client.create_experiment(name)
        created = self._client.create_run(experiment, run_name=run.path.name)
        settings = flat(run.config.tree()).items()
        params = [Param(key, str(value)[:LONGEST]) for key, value in settings]
        for start in range(0, len(params), BATCH):
            self._client.log_batch(created.info.run_id, params=params[start : start + BATCH])
        return str(created.info.run_id)

    def log(self, step: int, values: Values) -> None:
        from mlflow.entities import Metric

        now = int(1000 * time())
        metrics = [Metric(allowed(name), value, now, step) for name, value in values.items()]
        self._client.log_batch(self._id, metrics=metrics)

    def finish(self, step: int, scores: Values, pictures: Sequence[Path]) -> None:
        self.log(step, {f"scores/{name}": value for name, value in scores.items()})
        for path in pictures:
            self._client.log_artifact(self._id, str(path))

    def close(self) -> None:
        self._client.set_terminated(self._id)


def allowed(name: str) -> str:
    """The name of a term without what MLflow takes in no name: `H(c)/digit` is `H_c_/digit`."""
    return re.sub(r"[^\w .:/-]", "_", name)
