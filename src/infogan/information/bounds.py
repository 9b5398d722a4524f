"""Variational lower bounds on mutual information, in nats.
In expectation each is at most I(c; x), whatever network feeds it (Poole et al. 2019,
arXiv:1905.06922). InfoGAN trains L_I: it needs H(c), known from the prior, no negative samples."""

import math

from torch import Tensor

from infogan.core.errors import DataError
from infogan.information.quantity import Numbers, Value, stated, tensor


def barber_agakov(entropy: float | Tensor, log_q: Tensor) -> Tensor:
    """L_I = H(c) + E[ln Q(c|x)] <= I(c; x), a scalar (Barber, Agakov 2003; InfoGAN eq. 4 and 5).
    entropy: H(c) of the prior, analytic, never fitted; log_q: [N] ln Q(c|x) of pairs c ~ P(c),
    x = G(z, c). The gap is E_x KL(P(c|x)‖Q(c|x)). For a discrete c every batch obeys L_I <= H(c),
    since ln Q <= 0; for a continuous one L_I may exceed the differential h(c)."""
    return entropy + log_q.mean()


def info_nce(scores: Numbers) -> Value:
    """ln N + E_i[f_ii - ln sum_j e^f_ij] <= I (van den Oord et al. 2018, arXiv:1807.03748).
    scores: [N, N] f(x_i, y_j) of N independent pairs, the true ones on the diagonal. Tight as N
    grows when f = ln p(x|y) + any function of x. No batch exceeds ln N (N = 128: 4.852), so it is
    far too low once I > ln N; in exchange its variance is small."""
    f = tensor(scores)
    if f.ndim != 2 or f.shape[0] != f.shape[1] or not f.numel():
        raise DataError(f"scores must be [N, N], got {list(f.shape)}")
    return stated(math.log(len(f)) + (f.diagonal() - f.logsumexp(1)).mean(), "nats", scores)


def donsker_varadhan(joint: Numbers, product: Numbers) -> Value:
    """E_joint f - ln E_product e^f <= I (Donsker, Varadhan 1983; MINE's bound, arXiv:1801.04062).
    joint: [N] f(x, y) of true pairs; product: [M] f of pairs drawn independently.
    Tight when f = ln p(x,y) / p(x)p(y) + a constant. A batch is too high on average, since the
    expected logarithm of its mean lies below the logarithm of the mean; its gradient is biased."""
    f, g = _scores(joint, product)
    return stated(f.mean() - (g.logsumexp(0) - math.log(len(g))), "nats", joint, product)


def nwj(joint: Numbers, product: Numbers) -> Value:
    """E_joint f - E_product e^(f-1) <= I (Nguyen, Wainwright, Jordan 2010, arXiv:0809.0853).
    joint: [N] f(x, y) of true pairs; product: [M] f of pairs drawn independently.
    Tight only when f = 1 + ln p(x,y) / p(x)p(y). Unbiased, but its variance is of the order e^I."""
    f, g = _scores(joint, product)
    return stated(f.mean() - (g - 1).exp().mean(), "nats", joint, product)


def _scores(joint: Numbers, product: Numbers) -> tuple[Tensor, Tensor]:
    f, g = tensor(joint), tensor(product)
    if not (f.ndim == g.ndim == 1 and len(f) and len(g)):
        shapes = f"{list(f.shape)} and {list(g.shape)}"
        raise DataError(f"joint must be scores [N] of pairs and product [M], got {shapes}")
    return f, g
