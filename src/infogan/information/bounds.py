"""Variational bounds on mutual information, in nats."""

from torch import Tensor


def barber_agakov(entropy: float | Tensor, log_q: Tensor) -> Tensor:
    """L_I = H(c) + E[ln Q(c|x)] <= I(c; x), a scalar in nats (Barber, Agakov 2003; InfoGAN eq. 4 and 5).

    entropy: H(c) of the prior, analytic, never fitted. log_q: [N] ln Q(c|x) of pairs c ~ P(c), x = G(z, c).
    Tight when Q is the posterior; the gap is E_x KL(P(c|x)‖Q(c|x)). For a discrete c every single batch obeys
    L_I <= H(c), since ln Q <= 0; for a continuous one L_I may exceed the differential entropy h(c).
    """
    return entropy + log_q.mean()
