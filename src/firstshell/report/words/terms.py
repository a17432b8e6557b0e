"""Names of things in sentences: verdicts, claims, metrics with their units, intervals and p-values."""

from collections.abc import Iterable, Mapping
from typing import Any

from firstshell.report.style import input_name, number
from firstshell.simulation import show
from firstshell.types import Metric, Target

VERDICTS = {
    "helps": "better",
    "hurts": "worse",
    "undecided": "undecided",
    "confirmed": "holds",
    "narrowed": "narrowed",
    "refuted": "does not hold",
}
"""What a cell says for a verdict."""
CLAIMS = {
    "xanes_not_worse": "XANES is at least as good as PDF",
    "dpdf_closes_gap": "dPDF closes the gap to XANES",
    "xanes_dominates": "XANES dominates the combination",
    "dpdf_helps_length": "Adding dPDF to XANES helps bond lengths",
}
SHARES = {"impurity": "impurity importance", "permutation": "permutation loss"}
BASELINES = {"composition": "the composition alone", "modal": "a guess without data (modal class or mean)"}
METRICS = {
    Metric.F1_WEIGHTED: ("weighted F1", ""),
    Metric.RMSE_PERCENT: ("the RMSE", " % of the mean bond length"),
}
"""A metric in a sentence, and the unit behind its values."""
SHORT = {
    Target.OXIDATION_STATE: "oxidation state",
    Target.COORDINATION_NUMBER: "coordination number",
    Target.BOND_LENGTH: "bond length",
}


def listed(words: Iterable[str]) -> str:
    """Join words as in a sentence: "a, b and c"."""
    words = list(words)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def span(metric: Metric, low: float, high: float) -> str:
    """Return "0.012 to 0.034"."""
    return f"{number(metric, low)} to {number(metric, high)}"


def probability(p_value: float) -> str:
    """Return "p = 0.012" or "p < 0.001"."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def change(without: str, with_: str) -> str:
    """Return what is compared: "Adding PDF to XANES", "dPDF instead of PDF"."""
    if without in BASELINES:
        return f"{show(with_)} instead of {BASELINES[without]}"
    if set(without.split("+")) < set(with_.split("+")):
        added = "+".join(part for part in with_.split("+") if part not in without.split("+"))
        return f"Adding {show(added)} to {show(without)}"
    return f"{show(with_)} instead of {show(without)}"


def effect(metric: Metric, row: Mapping[Any, Any]) -> str:
    """Return what a paired test found: "lowers the RMSE by 0.12 % of the mean bond length (…)", or that it cannot say.

    row : difference (positive = better), low, high, p_value and verdict
    """
    name, unit = METRICS[metric]
    up = (row["difference"] > 0) == metric.higher_is_better
    moved = f"{'raises' if up else 'lowers'} {name} by {number(metric, abs(row['difference']))}{unit}"
    if row["p_value"] != row["p_value"]:
        return f"{moved} on one split, which allows no test"
    detail = f"({span(metric, row['low'], row['high'])}, {probability(row['p_value'])})"
    return f"cannot be decided {detail}" if row["verdict"] == "undecided" else f"{moved} {detail}"


def places(cells: Iterable[tuple[str, Target]]) -> str:
    """Return metals by target: "the bond length of Ti and Cu and the oxidation state of Fe"."""
    by_target: dict[Target, list[str]] = {}
    for metal, target in cells:
        by_target.setdefault(target, []).append(metal)
    return listed(f"the {SHORT[target]} of {listed(metals)}" for target, metals in by_target.items())


def inputs_named(names: Iterable[str]) -> str:
    """Return inputs as in a sentence: "XANES, PDF and XANES+dPDF"."""
    return listed(input_name(name) for name in names)
