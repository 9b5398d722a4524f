"""Numbers as people read them."""

LARGE = 10_000  # what has no use for decimals, and little for its last digits


def short(value: float, digits: int = 2, sign: bool = False) -> str:
    """A number with so many decimals; a huge one, as of a run that diverged, in a few characters.

    >>> short(2.2969), short(-123456789.1), short(0.5, sign=True)
    ('2.30', '-1.2e+08', '+0.50')
    """
    return f"{value:{'+' * sign}.{f'{digits}f' if abs(value) < LARGE else '1e'}}"
