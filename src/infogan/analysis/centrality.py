"""ModelCentrality: which of several models others agree with (Lin et al. 2020, arXiv:1906.06034).

No real image and no label is looked at: each model is asked how well it finds the continuous codes
of what another one generates. Models that disentangle agree on what there is to find; each of those
that do not mixes factors in a way of its own.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from infogan.analysis.consistency import Table
from infogan.analysis.encoders import of_model
from infogan.analysis.metrics.disentanglement import factor_vae
from infogan.analysis.metrics.encoded import Encoded
from infogan.core.random import stream
from infogan.data.images import Pixels
from infogan.model.model import Model

LEVELS = 20  # equal shares of a code's draws: images share a code that are in the same one
SAMPLES = 3000  # images that each model generates for all


def centrality(table: Table) -> Table:
    """[R] mean of (A_ij + A_ji) / 2 over other runs j, of a table [R, R].

    >>> centrality(np.array([[1, 0.5], [0.75, 1]])).tolist()
    [0.625, 0.625]
    """
    both = (table + table.T) / 2
    return np.asarray((both.sum(1) - both.diagonal()) / (len(table) - 1))


def levels(values: NDArray[np.floating]) -> NDArray[np.int64]:
    """[n] which of LEVELS equal shares of the values [n] each is in, in their order.

    >>> levels(np.array([0.3, 0.1, 0.2])).tolist()
    [13, 0, 6]
    """
    return np.argsort(np.argsort(values, kind="stable")) * LEVELS // len(values)


def cross_scores(models: Sequence[Model], names: Sequence[str], seed: int = 0) -> Table:
    """[R, R] the FactorVAE score of model j's Q on images that model i generates, whose factors are
    i's codes of these names; 1 on the diagonal, which nobody is asked for."""
    table = np.eye(len(models))
    for i, maker in enumerate(models):
        draw = maker.latent.sample(SAMPLES, stream(seed, "centrality"))
        codes = maker.latent.codes
        drawn = [levels(codes[name].value(draw.values[name]).numpy()) for name in names]
        factors, images = np.stack(drawn, 1), maker.generate(draw.vector())
        for j, reader in enumerate(models):
            if i != j:
                table[i, j] = _score(reader, images, factors, seed)
    return table


def _score(reader: Model, images: Pixels, factors: NDArray[np.int64], seed: int) -> float:
    codes = of_model(reader, reader.encode(images))
    seen = Encoded(codes.values, factors, codes.nominal, codes.angles, least=codes.least)
    return factor_vae(seen, seed)["factor_vae"]
