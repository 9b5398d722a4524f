"""InfoGAN (Chen et al. 2016, arXiv:1606.03657): min_{G,Q} max_D V(D, G) - λ L_I(G, Q), eq. 6."""

from collections.abc import Set
from typing import Literal

from pydantic import Field
from torch import Tensor

from infogan.codes import Code
from infogan.latent import Latent
from infogan.networks import Verdict
from infogan.objectives.base import Loss, Scene
from infogan.objectives.gan import d_terms, g_term
from infogan.objectives.real import HearsRealImages


class InfoGAN(HearsRealImages):
    """A GAN whose generator is also paid for codes that Q can read back from the image. λ is the code's weight."""

    kind: Literal["infogan"] = "infogan"
    q_step: Literal["d", "d-head", "g"] = "d"
    """Who steps Q. d: D's optimizer, and the shared trunk hears L_I as well (official code); d-head: D's
    optimizer, Q's own layers alone; g: G's optimizer, Q's own layers alone (the article, most ports)."""

    real_first: float = Field(default=0.0, ge=0, lt=1)
    """Share of the steps, at the start, in which Q learns from real images alone (real_weight) and G waits. What the
    categories go by is settled then, without a G that draws nothing yet."""

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
    def timed(self) -> bool:
        return self.real_first > 0

    def _information(self, scene: Scene) -> Loss:
        """-λ L_I of each code on the fakes."""
        bounds = scene.latent.bounds(scene.fake.heads["code"], scene.draw.values)
        weights = {name: code.weight for name, code in scene.latent.codes.items()}
        return Loss(
            {f"info/{name}": -weights[name] * bound for name, bound in bounds.items()},
            watch={f"L_I/{name}": bound.detach() for name, bound in bounds.items()},
        )

    def d_loss(self, scene: Scene) -> Loss:
        if scene.done < self.real_first:
            return self._of_real(scene)
        loss = Loss(d_terms(scene.real.heads["real"], scene.fake.heads["real"]))
        if self.q_step != "g":
            loss |= self._information(scene)
        return loss | self._of_real(scene)

    def g_loss(self, scene: Scene) -> Loss:
        if scene.done < self.real_first:
            return Loss({})
        return Loss(g_term(scene.fake.heads["real"])) | self._information(scene)

    def _of_real(self, scene: Scene) -> Loss:
        """-real_weight λ J of each code."""

        def read(verdict: Verdict) -> dict[str, tuple[Code, Tensor]]:
            params = scene.latent.split(verdict.heads["code"])
            return {name: (code, params[name]) for name, code in scene.latent.codes.items()}

        return self.real_information(scene, read)
