"""How long a run is going to take on this machine, measured by a few steps that nobody keeps."""

from time import perf_counter
from typing import Any

from infogan.training.trainer import Trainer

FEWEST = 100  # steps for which measuring is worth its time
PARTS = 5  # an objective that waits has cheaper steps early in a run than late: look at each fifth
TIMED = 2  # steps that are measured in a part, after one that warms up
STILL = {"d_lr": 1e-12, "g_lr": 1e-12}  # rates at which no trial can diverge


def seconds_left(trainer: Trainer) -> float | None:
    """What training takes from here on, in seconds, by steps of another trainer of the same
    settings; None where so few are left that it is soon over."""
    left = trainer.config.steps - trainer.step
    if left < FEWEST:
        return None
    config, n = trainer.config, trainer.processes.size  # of several processes, alone here
    own: dict[str, Any] = {"optim": STILL, "batch": max(2, config.batch // n)}
    if fakes := config.objective.compared:
        own["objective"] = {"fakes": max(2, fakes // n)}
    trial = Trainer(config.replace(**own), trainer.images)
    parts, total = PARTS if trainer.config.timed else 1, 0.0
    for part in range(parts):
        trial.step = trainer.step + int(left * (part + 0.5) / parts)
        trial.advance()
        begun = perf_counter()
        for _ in range(TIMED):
            trial.advance()
        total += (perf_counter() - begun) / TIMED
    return left * total / parts
