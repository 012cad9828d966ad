"""How long throughput stays down after a fault. Pure.

Before: the mean of BEFORE_S seconds of calm. Down: the mean of the last WINDOW_S seconds is below 95 % of that.
Recovered: it is at 95 % again. Counted from when the fault began, so a fault that lasts is part of it; 0 where
throughput never went down, None where it did and was not seen to come back.
"""

from collections.abc import Sequence

SHARE = 0.95
BEFORE_S, WINDOW_S = 8.0, 3.0
NOTICED_WITHIN_S = 12.0  # two session timeouts of 6 s: a later dip has another cause


def recovery_s(
    bins: Sequence[int], bin_s: float, calm_s: float, began_s: float, ended_s: float, until_s: float
) -> float | None:
    """Seconds from `began_s` until throughput is back.

    Args:
        calm_s: until when all was well.
        ended_s: when the fault itself was over.
        until_s: when the next one began, or the record ends.
    """
    began, calm = int(began_s / bin_s), int(calm_s / bin_s)
    before = bins[max(0, calm - int(BEFORE_S / bin_s)) : calm]
    if not before or not any(before):
        return None
    least = SHARE * sum(before) / len(before)
    width = int(WINDOW_S / bin_s)
    is_down, end = False, min(len(bins), int(until_s / bin_s))
    for at in range(began + 1, end):
        mean = sum(bins[max(0, at - width) : at]) / width
        if not is_down and at * bin_s > ended_s + NOTICED_WITHIN_S:
            break
        if mean < least:
            is_down = True
        elif is_down:
            return round(at * bin_s - began_s, 1)
    return None if is_down else 0.0


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share does not exceed; of at least one value."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -(-len(ordered) * round(share * 100) // 100) - 1))]
