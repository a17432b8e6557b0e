"""Fits and rankings of structures in words, for a terminal and for figures."""

from math import ceil, isfinite

from firstshell.match.fit import StructureFit
from firstshell.match.measurements import Measurements
from firstshell.match.parameter import Parameter
from firstshell.match.rank import NONE_NAME, Ranked, Ranking
from firstshell.match.simulations import Cost
from firstshell.runtime.console import plain, true_minus
from firstshell.simulation import show

LINES = 10
"""Candidates that are printed."""
WIDTH = 34
SELDOM = 0.1
"""Share of correct structures with larger residuals, below which a structure is doubted."""
LEAST = 0.001
"""Probability below which none is printed."""
MEANING = {
    "shift": "measured energies minus simulated ones",
    "stretch": "relative spread of the features",
    "sigma": "standard deviation of a Gaussian broadening",
    "growth": "width gained with energy",
    "over_absorption": "damping, as by self-absorption",
    "slope": "slope of the normalisation",
    "scale": "factor on the simulation",
    "strain": "strain of the cell",
    "delta1": "correlated motion, 1/r",
    "delta2": "correlated motion, 1/r²",
    "qdamp": "resolution, Qdamp",
}


def cost(found: Cost, workers: int) -> str:
    """Return what is about to be simulated, and how long that takes."""
    minutes = ceil(found.seconds / workers / 60)
    sites = f", {found.sites} site{'s' * (found.sites != 1)}" if found.sites else ""
    structures = f"{found.structures} structure{'s' * (found.structures != 1)}"
    return (
        f"{found.what} of {structures}{sites}: about {minutes} min with {workers} processor{'s' * (workers != 1)}; "
        "what an earlier run has finished is not calculated again"
    )


def residual(found: StructureFit, name: str) -> str:
    """Return the residual of a structure by one modality, compared with those of correct structures."""
    share = f"{100 * found.nearness[name]:.0f} % of the correct structures of standards have larger residuals"
    value = found.residuals[name]
    return f"RMSE {value:.3f} edge steps; {share}" if name == "xanes" else f"Rw {value:.3f}; {share}"


def doubt(found: StructureFit) -> str:
    """Return what it means that correct structures are seldom so far from a measurement, "" where they often are."""
    far = [show(name) for name, share in found.nearness.items() if share < SELDOM]
    return (
        f"Correct structures are seldom so far from the {' and the '.join(far)}: this one may be wrong" if far else ""
    )


def measured(found: Measurements) -> str:
    """Return what was measured, with the files."""
    curves = {name: getattr(found, name) for name in found.modalities}
    return "; ".join(f"{show(name)}: {plain(each.source)}" for name, each in curves.items())


def fit_title(found: StructureFit) -> str:
    """Return what a fit is of."""
    kinds = " and ".join(show(name) for name in found.residuals)
    return f"{plain(found.name)} fitted to the {kinds} of {found.measurements.metal}"


def fit_answer(found: StructureFit) -> list[str]:
    """Return how near a structure is by each measurement, and which parameters are not to be trusted."""
    lines = [f"By {show(name)}: {residual(found, name)}." for name in found.residuals]
    lines += [f"{doubt(found)}."] if doubt(found) else []
    stuck = [f"{each.name} of the {show(each.modality)}" for each in found.parameters if each.at_limit]
    return lines + ([f"At the limit of its range: {', '.join(stuck)}."] if stuck else [])


def ranking_title(found: Ranking) -> str:
    """Return what a ranking is of."""
    count = len(found.ranked)
    return f"Which structure of {found.measurements.metal}? {count} candidate{'s' * (count != 1)}"


def ranking_answer(found: Ranking) -> list[str]:
    """Return the most probable candidate, what each measurement says alone, and the probability of none of them."""
    best, lines = found.ranked[0], []
    nearest, share = plain(best.candidate.name), percent(best.probability)
    if found.none > best.probability:
        lines.append(
            f"Most probable is that it is none of these ({percent(found.none)}); the nearest is {nearest}, {share}."
        )
    else:
        formula = plain(best.candidate.formula)
        lines.append(
            f"Most probable is {nearest} ({formula}), {share}; that it is none of these, {percent(found.none)}."
        )
    for name in alone_too(found):
        first = max(found.ranked, key=lambda each: each.alone[name])
        lines.append(
            f"By {show(name)} alone the first is {plain(first.candidate.name)}, {percent(first.alone[name])}; "
            f"{NONE_NAME}, {percent(found.none_alone[name])}."
        )
    return lines


def alone_too(found: Ranking) -> list[str]:
    """Return which of several measurements say something alone: those that two candidates or more were compared by."""
    if len(found.none_alone) < 2:
        return []
    return [name for name in found.none_alone if sum(getattr(each, name) is not None for each in found.ranked) > 1]


def fit_lines(found: StructureFit) -> list[str]:
    """Return residuals and parameters, a line each."""
    lines = [f"{plain(found.name)}: {found.measurements.metal}"]
    for name in found.residuals:
        lines.append(f"  {show(name)}: {residual(found, name)}")
        lines += [f"    {_parameter(each)}" for each in found.parameters if each.modality == name]
    return lines + ([f"  {doubt(found)}"] if doubt(found) else [])


def meaning(each: Parameter) -> str:
    """Return the meaning of a parameter, "" for one whose name gives it."""
    element = each.name.removeprefix("uiso ")
    return MEANING.get(each.name, f"mean square displacement of {element}" if element != each.name else "")


def number(value: float) -> str:
    """Return a fitted number with three digits."""
    return true_minus(f"{value:#.3g}".rstrip("."))


def _parameter(each: Parameter) -> str:
    unit = f" {each.unit}" if each.unit else ""
    says = meaning(each)
    numbers = f"{number(each.value)}{unit} (90 % interval {number(each.low)} to {number(each.high)})"
    limit = "; at the limit of its range" if each.at_limit else ""
    return f"{each.name:16}{numbers}{f'  {says}' if says else ''}{limit}"


def ranking_lines(found: Ranking) -> list[str]:
    """Return the most probable candidates, a line each, under a heading."""
    names = alone_too(found)
    heads = [f"{'candidate':{WIDTH}}  {'formula':14}{'probability':>13}"]
    heads += [f"{show(name) + ' alone':>14}" for name in names]
    lines = ["".join(heads) + "  residual"]
    lines += [_candidate(each, names) for each in found.ranked[:LINES]]
    rest = found.ranked[LINES:]
    if rest:
        lines.append(f"{len(rest)} more, together {percent(sum(each.probability for each in rest))}")
    lines.append(_row(NONE_NAME, "", found.none, [found.none_alone[name] for name in names]))
    return lines


def residuals(each: Ranked) -> str:
    """Return the residual of each measurement for a candidate."""
    parts = []
    if each.xanes is not None:
        rmse = each.xanes.distance if each.xanes.fit is None else each.xanes.fit.rmse
        parts.append(f"XANES {rmse:.3f}")
    if each.exafs is not None:
        parts.append(f"EXAFS {each.exafs.distance:.2f}")
    if each.pdf is not None:
        parts.append(f"Rw {each.pdf.rw:.2f}")
    return ", ".join(parts)


def alone(each: Ranked, name: str) -> float:
    """Return the probability of a candidate by one measurement alone, NaN for one that was not compared with it."""
    return each.alone[name] if getattr(each, name) is not None else float("nan")


def _candidate(each: Ranked, names: list[str]) -> str:
    name = plain(each.candidate.name)
    row = _row(name, plain(each.candidate.formula), each.probability, [alone(each, name) for name in names])
    return f"{row}  {residuals(each)}"


def _row(name: str, formula: str, probability: float, by_each: list[float]) -> str:
    short = name if len(name) <= WIDTH else f"{name[: WIDTH - 1]}…"
    others = "".join(f"{percent(each):>14}" for each in by_each)
    return f"{short:{WIDTH}}  {formula[:13]:14}{percent(probability):>13}{others}"


def percent(share: float) -> str:
    """Return a probability as a percentage that is never certain; a dash for one that is not known."""
    if not isfinite(share):
        return "–"
    if share > 1.0 - LEAST:
        return ">99.9 %"  # no list is complete
    return "<0.1 %" if share < LEAST else f"{100 * share:.1f} %"
