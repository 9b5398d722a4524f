"""infogan finds the classes and the continuous factors in images without labels.

    import infogan as ig
    model = ig.train("digits", run="runs/first", seed=0)

The names below are the whole public interface; each is imported when it is first used, so that importing the
package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from infogan import data, information, presets
    from infogan.codes import Categorical, Gaussian, Uniform
    from infogan.config import RunConfig
    from infogan.data.images import Images
    from infogan.errors import InfoganError
    from infogan.latent import Latent
    from infogan.merging import merge
    from infogan.metrics.evaluate import evaluate
    from infogan.model import Model
    from infogan.objectives import GAN, InfoGAN
    from infogan.selection import select
    from infogan.training.experiment import train

_HOME = {
    "Categorical": "infogan.codes",
    "Gaussian": "infogan.codes",
    "Uniform": "infogan.codes",
    "RunConfig": "infogan.config",
    "Images": "infogan.data.images",
    "InfoganError": "infogan.errors",
    "Latent": "infogan.latent",
    "merge": "infogan.merging",
    "evaluate": "infogan.metrics.evaluate",
    "Model": "infogan.model",
    "GAN": "infogan.objectives",
    "InfoGAN": "infogan.objectives",
    "select": "infogan.selection",
    "train": "infogan.training.experiment",
    "data": "",
    "information": "",
    "presets": "",
}
__all__ = [
    "GAN",
    "Categorical",
    "Gaussian",
    "Images",
    "InfoGAN",
    "InfoganError",
    "Latent",
    "Model",
    "RunConfig",
    "Uniform",
    "data",
    "evaluate",
    "information",
    "merge",
    "presets",
    "select",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'infogan' has no attribute {name!r}")
    home = _HOME[name]
    return getattr(import_module(home), name) if home else import_module(f"infogan.{name}")
