"""`infogan` with one objective more: the hinge loss with InfoGAN's L_I. No file of the package is
touched, so any of its commands, and every setting, can follow this file's name.

    python examples/own_objective.py train digits --objective hinge \\
        --objective.real-weight 3 --run runs/hinge
    python examples/own_objective.py report runs/hinge

A run that has it can be read by this command alone, or after `import own_objective`. What starts
`infogan` itself, --seeds and --processes, does not know it: docs/extending.md puts it into a clone.
"""

from typing import Literal

from torch import Tensor
from torch.nn.functional import relu

import infogan as ig
from infogan.cli import main
from infogan.objectives.base import Loss, Scene
from infogan.objectives.terms import Consistency, information


class Hinge(Consistency):
    """E max(0, 1 - D(x)) + E max(0, 1 + D(G)) for D, -E D(G) for G (Lim and Ye 2017,
    arXiv:1705.02894); for both -λ L_I, and for D J on real images as `real_weight` says."""

    kind: Literal["hinge"] = "hinge"
    margin: float = 1.0
    """Logits beyond which D is not asked to be surer."""

    def heads(self, latent: ig.Latent, classes: int) -> dict[str, int]:
        return {"real": 1} | super().heads(latent, classes)

    def d_loss(self, scene: Scene) -> Loss:
        real, fake = (verdict.heads["real"] for verdict in (scene.real, scene.fake))
        terms: dict[str, Tensor] = {"real": relu(self.margin - real).mean()}
        terms["fake"] = relu(self.margin + fake).mean()
        return Loss(terms) | information(scene) | self.real_information(scene)

    def g_loss(self, scene: Scene) -> Loss:
        return Loss({"adversarial": -scene.fake.heads["real"].mean()}) | information(scene)


ig.RunConfig.register(Hinge)
if __name__ == "__main__":
    main()
