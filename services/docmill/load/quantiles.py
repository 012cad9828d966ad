"""Quantiles by the nearest rank: always a time that was really seen, never one between two."""

import math
from collections.abc import Sequence


def rank(quantile: float, count: int) -> int:
    """The position, counted from 1, of a quantile among `count` values."""
    return max(1, math.ceil(round(quantile * count, 9)))  # 0.95 x 20 is 19, whatever floats say


def quantile_of(ascending: Sequence[float], quantile: float, missing: int = 0) -> float | None:
    """A quantile of sorted values and of `missing` ones that count as infinite; None: it is one of these, or there is
    no value.
    """
    position = rank(quantile, len(ascending) + missing)
    return ascending[position - 1] if position <= len(ascending) else None


def may_exceed(quantile: float, count: int) -> int:
    """How many of `count` values may lie above a limit while their quantile does not."""
    return count - rank(quantile, count) if count else 0
