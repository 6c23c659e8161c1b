"""Medians with their 95 % interval, and what they say about a target."""

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Estimate:
    median: float
    low: float
    high: float
    count: int

    def text(self, digits: int = 2, factor: float = 1.0) -> str:
        values = (self.median * factor, self.low * factor, self.high * factor)
        middle, low, high = (f"{value:,.{digits}f}" for value in values)
        return f"{middle} ({low} to {high})"


def median_interval(values: list[float]) -> Estimate:
    """The median and its distribution-free 95 % interval: the order statistics that a binomial(n, 1/2) leaves 2.5 % outside of.

    Below six values no such interval exists: the extremes are given.
    """
    ordered = sorted(values)
    count = len(ordered)
    outside, tail = 0, 0.0
    while outside < count // 2:
        tail += math.comb(count, outside) / 2**count
        if tail > 0.025:
            break
        outside += 1
    # `outside` values lie below the interval, as many above it.
    low = ordered[max(outside - 1, 0)]
    high = ordered[min(count - outside, count - 1)]
    middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    return Estimate(middle, low, high, count)


def verdict(estimate: Estimate, at_least: float | None = None, at_most: float | None = None) -> str:
    """Whether a target holds: only when the whole interval says so."""
    if at_least is None and at_most is None:
        return ""
    below = at_least is not None and estimate.low < at_least
    above = at_most is not None and estimate.high > at_most
    if not below and not above:
        return "holds"
    surely_below = at_least is not None and estimate.high < at_least
    surely_above = at_most is not None and estimate.low > at_most
    return "missed" if surely_below or surely_above else "undecided"
