"""How sure a share is that was counted on few documents. Pure arithmetic, without scipy: it runs in production."""

import math

Z = 1.959963984540054  # 95 %, two-sided


def wilson(hits: int, total: int) -> tuple[float, float] | None:
    """95 % score interval of a proportion; None of nothing. It holds for 0 of n, too, where a bootstrap says 0.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", 1927; recommended for
    small samples by Brown, Cai and DasGupta, "Interval estimation for a binomial proportion", 2001.
    """
    if total == 0:
        return None
    share, square = hits / total, Z * Z / total
    centre = (share + square / 2) / (1 + square)
    half = Z / (1 + square) * math.sqrt(share * (1 - share) / total + square / (4 * total))
    return max(0.0, centre - half), min(1.0, centre + half)
