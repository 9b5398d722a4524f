"""InfoGAN (Chen et al. 2016, arXiv:1606.03657): min_{G,Q} max_D V(D, G) - λ L_I(G, Q), eq. 6."""

from collections.abc import Set
from typing import Literal

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

    def _information(self, scene: Scene) -> Loss:
        """-λ L_I of each code on the fakes."""
        bounds = scene.latent.bounds(scene.fake.heads["code"], scene.draw.values)
        weights = {name: code.weight for name, code in scene.latent.codes.items()}
        return Loss(
            {f"info/{name}": -weights[name] * bound for name, bound in bounds.items()},
            watch={f"L_I/{name}": bound.detach() for name, bound in bounds.items()},
        )

    def d_loss(self, scene: Scene) -> Loss:
        loss = Loss(d_terms(scene.real.heads["real"], scene.fake.heads["real"]))
        if self.q_step != "g":
            loss |= self._information(scene)
        return loss | self.real_information(scene, lambda verdict: self._codes(scene.latent, verdict))

    def g_loss(self, scene: Scene) -> Loss:
        return Loss(g_term(scene.fake.heads["real"])) | self._information(scene)

    @staticmethod
    def _codes(latent: Latent, verdict: Verdict) -> dict[str, tuple[Code, Tensor]]:
        """Each code with what Q puts out for it."""
        params = latent.split(verdict.heads["code"])
        return {name: (code, params[name]) for name, code in latent.codes.items()}
