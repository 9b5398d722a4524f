"""infogan finds the classes and the continuous factors in images without labels.

    import infogan as ig
    model = ig.train("digits", run="runs/first", seed=0)

The names below are the whole public interface; importing the package alone loads none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from infogan import data as data
    from infogan import information as information
    from infogan.analysis.encoders import disentanglement as disentanglement
    from infogan.analysis.evaluation import evaluate as evaluate
    from infogan.analysis.merging import merge as merge
    from infogan.analysis.selection import select as select
    from infogan.config import presets as presets
    from infogan.config.settings import RunConfig as RunConfig
    from infogan.core.errors import InfoganError as InfoganError
    from infogan.data.images import Images as Images
    from infogan.latent.codes import Angle as Angle
    from infogan.latent.codes import Categorical as Categorical
    from infogan.latent.codes import Gaussian as Gaussian
    from infogan.latent.codes import Uniform as Uniform
    from infogan.latent.latent import Latent as Latent
    from infogan.model.model import Model as Model
    from infogan.objectives import GAN as GAN
    from infogan.objectives import InfoGAN as InfoGAN
    from infogan.pipeline.run import train as train

_HOMES = {
    "analysis.encoders": "disentanglement",
    "analysis.evaluation": "evaluate",
    "analysis.merging": "merge",
    "analysis.selection": "select",
    "config.presets": "presets",
    "config.settings": "RunConfig",
    "core.errors": "InfoganError",
    "data": "data",
    "data.images": "Images",
    "information": "information",
    "latent.codes": "Angle Categorical Gaussian Uniform",
    "latent.latent": "Latent",
    "model.model": "Model",
    "objectives": "GAN InfoGAN",
    "pipeline.run": "train",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'infogan' has no attribute {name!r}")
    module = import_module(f"infogan.{_HOME[name]}")
    return getattr(module, name, module)  # data, information and presets are modules themselves
