"""A fitted number with its interval."""

from dataclasses import dataclass

PART = 0.9
"""Share of cases in which the interval contains the true value."""


@dataclass(frozen=True)
class Parameter:
    """A fitted number.

    modality : of the measurement that it was fitted to
    value, low, high : in the unit; the true value lies between low and high in nine cases of ten
    at_limit : whether the value is at an end of what it may be
    """

    modality: str
    name: str
    value: float
    low: float
    high: float
    at_limit: bool
    unit: str


def interval(value: float, error: float, free: float, ends: tuple[float, float]) -> tuple[float, float, bool]:
    """Return the ends of a 90 % interval, within the limits of the parameter, and whether the value is at one of these.

    error : standard deviation
    free : degrees of freedom behind it; infinite for a known noise
    ends : what the parameter may be
    """
    from scipy.stats import t  # loaded for this only

    away = float(t.ppf(0.5 + PART / 2, free)) * error
    near = 1e-3 * (ends[1] - ends[0])
    at_limit = value - ends[0] < min(near, 1e-2 * abs(error)) or ends[1] - value < min(near, 1e-2 * abs(error))
    return float(max(value - away, ends[0])), float(min(value + away, ends[1])), bool(at_limit)
