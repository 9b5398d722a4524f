"""InfoGAN (Chen et al. 2016, arXiv:1606.03657): min_{G,Q} max_D V(D, G) - λ L_I(G, Q), eq. 6."""

from collections.abc import Set
from typing import Literal

from pydantic import BaseModel, Field
from torch import Tensor

from infogan.latent import Latent
from infogan.objectives.base import SETTINGS, Loss, Objective, Scene
from infogan.objectives.gan import d_terms, g_term


class InfoGAN(BaseModel, Objective):
    """A GAN whose generator is also paid for codes that Q can read back from the image. λ is the code's weight."""

    model_config = SETTINGS
    kind: Literal["infogan"] = "infogan"
    q_step: Literal["d", "d-head", "g"] = "d"
    """Who steps Q. d: D's optimizer, and the shared trunk hears L_I as well (official code); d-head: D's
    optimizer, Q's own layers alone; g: G's optimizer, Q's own layers alone (the article, most ports)."""
    real_weight: float = Field(default=0.0, ge=0)
    """Weight of the information that categorical codes carry about real images (see Categorical); 0: none.
    It assumes that the changes of `augment` leave an image's class as it is."""

    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        return {"real": 1, "code": latent.n_params}

    @property
    def q(self) -> str:
        return "code"

    @property
    def detached(self) -> Set[str]:
        return frozenset({"code"} if self.q_step == "d-head" else ())

    @property
    def g_heads(self) -> Set[str]:
        return frozenset({"code"} if self.q_step == "g" else ())

    @property
    def needs_view(self) -> bool:
        return self.real_weight > 0

    def _information(self, scene: Scene) -> Loss:
        """-λ L_I of each code on the fakes."""
        bounds = scene.latent.bounds(scene.fake.heads["code"], scene.draw.values)
        weights = {name: code.weight for name, code in scene.latent.codes.items()}
        return Loss(
            {f"info/{name}": -weights[name] * bound for name, bound in bounds.items()},
            watch={f"L_I/{name}": bound.detach() for name, bound in bounds.items()},
        )

    def _real_information(self, scene: Scene) -> Loss:
        """-weight J of each categorical code on real images."""
        latent, terms, watch = scene.latent, {}, {}
        real, view = latent.split(scene.real.heads["code"]), latent.split(scene.view.heads["code"])
        for name, code in latent.codes.items():
            j = code.real_information(real[name], view[name])
            if j is not None:
                terms[f"real info/{name}"] = -self.real_weight * j
                watch[f"J/{name}"] = j.detach()
        return Loss(terms, watch)

    def d_loss(self, scene: Scene) -> Loss:
        terms: dict[str, Tensor] = d_terms(scene.real.heads["real"], scene.fake.heads["real"])
        watch: dict[str, Tensor] = {}
        parts = [self._information(scene)] if self.q_step != "g" else []
        parts += [self._real_information(scene)] if self.needs_view else []
        for part in parts:
            terms |= part.terms
            watch |= part.watch
        return Loss(terms, watch)

    def g_loss(self, scene: Scene) -> Loss:
        information = self._information(scene)
        return Loss(g_term(scene.fake.heads["real"]) | information.terms, information.watch)
