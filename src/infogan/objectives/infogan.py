"""InfoGAN (Chen et al. 2016, arXiv:1606.03657): min_{G,Q} max_D V(D, G) - λ L_I(G, Q), eq. 6."""

import math
from collections.abc import Mapping, Set
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from infogan.core.random import stream
from infogan.latent.codes import Code
from infogan.latent.latent import CODE, Latent
from infogan.networks import Shape, Verdict
from infogan.networks.base import CLOSE, PROJECTION, Family
from infogan.objectives.base import Loss, Scene, parameters
from infogan.objectives.terms import AdversarialObjective, Consistency, contrast, information

PROJECTED = 64  # outputs of the head between which InfoNCE compares views
H = "h"  # the network that says which code a pair of images shares, and its head
PROBED = 0.25  # share of a contrast's warm-up, at its end, in which Q learns the groups


class InfoGAN(Consistency, AdversarialObjective):
    """A GAN whose generator also maximises L_I, so that Q can read the codes from its images."""

    kind: Literal["infogan"] = "infogan"
    q_step: Literal["d", "d-head", "d-real", "g"] = "d"
    """Which optimizer steps Q. d: D's, and the trunk receives gradient from L_I as well (official
    code); d-head: D's, generated images teach Q's own layers alone, and real ones the trunk too
    (with `contrast` Q reads both as views); d-real: the same, but Q learns categories from real
    images alone, so that nothing that G draws moves them; g: G's, Q's own layers alone (the
    article, most ports)."""
    warm_up: float = Field(default=0.0, ge=0, lt=1)
    """Share of the steps, at the start, in which D learns from real images alone (real_weight,
    contrast) and G waits, so that the categories are settled before there are generated images.
    From then on G's weight of L_I rises."""
    contrast: float = Field(default=0.0, ge=0)
    """Weight of I(view; view'), the information that two augmented views of an image share, by
    InfoNCE: for photos, whose classes no trunk finds by real_weight alone. During the warm-up the
    trunk learns from it alone."""
    grouped: bool = True
    """Whether Q begins, late in the warm-up of a contrast, with the groups of images that the trunk
    finds alike, of whatever sizes. Off: with J from nothing, from the first step."""
    real_every: int = Field(default=1, ge=1)
    """After the warm-up of a contrast, Q learns from real images in one step of this many. G needs
    more steps than Q does, and steps without real images take a third of the time."""
    fakes: int | None = Field(default=None, ge=2)
    """Generated images per batch, which D compares with as many real ones; Q learns from all real
    images of the batch, of which it needs more than the game does. none: as many as `batch`, which
    is the most."""

    cr: float = Field(default=0.0, ge=0)
    """Weight α of the contrastive regulariser (InfoGAN-CR, arXiv:1906.06034): a network H looks at
    pairs of generated images that share z and the value of one continuous code, and says which
    code that is. H and G minimise its cross entropy, so that each code changes images in its own
    way."""
    cr_from: float = Field(default=0.9, ge=0, lt=1)
    """Share of the steps after which `cr` sets in; by then the codes should have their meaning."""
    cr_gap: float = Field(default=0.0, ge=0, lt=1)
    """How far apart the other codes of a pair are at least when `cr` sets in, as a share of their
    range (of a Gaussian: of its probability); it falls linearly to 0 over the remaining steps."""

    def heads(self, latent: Latent, classes: int) -> dict[str, int]:
        projection = {PROJECTION: PROJECTED} if self.contrast else {}
        return super().heads(latent, classes) | projection

    def networks(
        self, latent: Latent, family: Family, shape: Shape, seed: int
    ) -> Mapping[str, nn.Module]:
        if not self.cr:
            return {}
        own = stream(seed, "initialise H").initial_seed()  # or its layers would begin like D's
        return {H: family.of_pairs(shape, {H: len(latent.continuous)}, own)}

    def groups(self, done: float) -> bool:
        return self.contrasts and self.grouped and self._probed <= done < self.warm_up

    @property
    def _probed(self) -> float:
        """Share of the steps after which Q begins as a probe."""
        return (1 - PROBED) * self.warm_up if self.grouped else 0.0

    def _idle(self, scene: Scene) -> bool:
        """Whether a step looks at no real images for Q."""
        return scene.done >= self.warm_up and scene.number % self.real_every > 0

    def learns(self, scene: Scene) -> bool:
        return not self.contrasts or (scene.done >= self._probed and not self._idle(scene))

    def detached(self, done: float) -> Set[str]:
        return frozenset({CODE, CLOSE} if self.contrasts and done < self.warm_up else ())

    @property
    def g_heads(self) -> Set[str]:
        return frozenset({CODE, CLOSE} if self.q_step == "g" else ())

    @property
    def shielded(self) -> bool:
        return self.q_step in ("d-head", "d-real")

    @property
    def contrasts(self) -> bool:
        return self.contrast > 0

    @property
    def compared(self) -> int | None:
        return self.fakes

    @property
    def schedules(self) -> tuple[str, ...]:
        regular = self.cr > 0
        used = {"warm-up": self.warm_up > 0, "cr-from": regular and self.cr_from > 0}
        used["cr-gap"] = regular and self.cr_gap > 0
        return tuple(name for name, depends in used.items() if depends)

    def views(self, scene: Scene) -> tuple[Verdict, Verdict]:
        return (scene.view, scene.other) if self.contrasts else super().views(scene)

    def real_loss(self, scene: Scene) -> Loss:
        """What D and Q learn from real images, whatever G does."""
        if not self.contrasts:
            return self.real_information(scene)
        if self._idle(scene):
            return Loss({})
        one, other = (verdict.heads[PROJECTION] for verdict in self.views(scene))
        term, bound = contrast(one, other)
        loss = Loss({"contrast": self.contrast * term}, {"I(view; view')": bound})
        if not self.learns(scene):
            return loss
        return loss | self.real_information(scene) | self._grouping(scene)

    def _grouping(self, scene: Scene) -> Loss:
        """While Q is a probe, the cross entropy of groups that the trunk finds in the place of J of
        the categories. J has many maxima, and from nothing it finds those with categories of one
        size; begun at the groups it mends them, whatever their sizes."""
        name, groups = scene.latent.categorical, scene.groups
        if name is None or groups is None:
            return Loss({})
        read = [parameters(scene.readings, view.heads)[name] for view in self.views(scene)]
        term = torch.stack([cross_entropy(params, groups) for params in read]).mean()
        weight = self.real_weight * scene.latent.codes[name].weight
        return Loss({f"real info/{name}": weight * term})

    def regulariser(self, scene: Scene) -> Loss:
        """α E -ln H(i | x, x') for pairs that share code i, drawn uniformly of k; ln k minus the
        expectation is a lower bound on I(i; pair) in nats."""
        if not self.cr or scene.done < self.cr_from:
            return Loss({})
        gap = self.cr_gap * (1 - scene.done) / (1 - self.cr_from)
        said, shared = scene.pairs(H, gap)
        term = cross_entropy(said.heads[H], shared)
        bound = math.log(len(scene.latent.continuous)) - term.detach()
        return Loss({"cr": self.cr * term}, {"I(shared; pair)": bound})

    def d_loss(self, scene: Scene) -> Loss:
        if scene.done < self.warm_up:
            return self.real_loss(scene)
        loss = super().d_loss(scene)
        if self.q_step != "g":
            loss |= information(scene, self._told)
        return loss | self.real_loss(scene)

    def _told(self, code: Code, bound: Tensor) -> Tensor:
        """What D's step learns of a code from generated images."""
        return -(0.0 if code.categories and self.q_step == "d-real" else code.weight) * bound

    def g_loss(self, scene: Scene) -> Loss:
        if scene.done < self.warm_up:
            return Loss({})
        # A Q that knows the classes already would rule a G that cannot draw yet: it rises to its
        # weight while G learns. Without that G draws one image a category, over and over.
        rise = (scene.done - self.warm_up) / (1 - self.warm_up) if self.warm_up else 1.0
        told = information(scene, lambda code, bound: -rise * code.weight * bound)
        return super().g_loss(scene) | told | self.regulariser(scene)
