"""Mixtures in words, for a terminal."""

from firstshell.match.components import Components
from firstshell.match.mix import Mixture, Mixtures, Part
from firstshell.match.mixture_errors import LIMIT, Errors
from firstshell.report.words.answer import WIDTH, shortened, signed
from firstshell.runtime.console import plain

NOTE = "Fractions are of the metal's atoms and add to one; in brackets their 90 % intervals."
EXPECTED = (
    "In mixtures of known weights, with phases like these and none missing, fractions were off by {:.0f} points on "
    "average and {:.0f} % of the intervals held the true one"
)
GUESS = "That is no better than equal parts ({:.0f} points): take these as a first guess, and measure standards."
NOT_ENOUGH = "NOT ENOUGH: a phase is missing, or spectra were measured differently; the intervals do not hold."
AMBIGUOUS = (
    "Components are not unique: one is a phase only where the series holds it nearly pure. Intervals are for these "
    "components."
)


def heading() -> str:
    """Return the heads of the columns of `line`."""
    return f"{'scan':{WIDTH}}  {'':2}  phases and fractions (90 % interval)"


def line(found: Mixture) -> str:
    """Return a mixture in one line, to stand under `heading`."""
    parts = ", ".join(f"{plain(part.name)} {share(part.fraction, part.interval)}" for part in found.parts)
    return f"{shortened(found.sample.name)}  {found.metal:2}  {parts}" + ("" if found.sufficient else "; NOT ENOUGH")


def paragraph(found: Mixture) -> str:
    """Return everything about a mixture."""
    lines = [f"{plain(found.sample.name)}: {found.metal}, {len(found.parts)} of {len(found.candidates)} phases"]
    for part in found.parts:
        lines.append(f"  {plain(part.name)}: {share(part.fraction, part.interval)}")
        if part.answer is not None:
            lines.append(f"    its first shell: {first_shell(part)}")
    lines.append(f"  {verdict(found)}")
    lines.append(f"  Free sum of the fractions {found.free_sum:.3f}; energies moved by {signed(found.shift, 2)} eV")
    return "\n".join(lines)


def verdict(found: Mixture) -> str:
    """Return whether the phases suffice, and by what this is judged."""
    share = f"larger than in {100 * found.errors.percentile(found.misfit):.0f} % of correct mixtures"
    limit = f"(limit {found.errors.limit:.4f}, {100 * LIMIT:.0f} %)"
    left = f"misfit {found.misfit:.4f} edge steps, {share} {limit}"
    if found.sufficient:
        return f"These phases suffice: {left}"
    return (
        f"These phases are NOT ENOUGH: {left}. A phase is missing, or a standard was measured differently from the "
        "scan: the intervals do not hold"
    )


def expected(errors: Errors) -> str:
    """Return how good fractions and intervals were in mixtures of known weights, compared with equal parts."""
    found = f"{EXPECTED.format(100 * errors.error, 100 * errors.held)}."
    return found if errors.error < errors.constant else f"{found} {GUESS.format(100 * errors.constant)}"


def components(found: Components) -> list[str]:
    """Return how many components a series has, with the evidence."""
    values = ", ".join(f"{value:.2e}" for value in found.indicator)
    chances = ", ".join(f"{value:.2g}" for value in found.chance)
    return [
        f"{found.count} components ({len(found.fractions)} scans)",
        f"  Indicator function for 1, 2, … components: {values}",
        f"  Chance of each in noise (F test): {chances}",
        f"  {AMBIGUOUS}",
    ]


def first_shell(part: Part) -> str:
    """Return what is known of the first shell of a phase, "" where nothing is."""
    if part.answer is None:
        return ""
    values = [
        f"{target.label.lower()} {prediction.value:.{2 if target.is_class else 3}f} {target.unit}".rstrip()
        for target, prediction in part.answer.predictions.items()
    ]
    return ", ".join(values) + ("" if part.answer.in_domain else " (outside the domain)")


def title(found: Mixtures) -> str:
    """Return what fractions are of."""
    scans = plain(found[0].sample.name) if len(found) == 1 else f"{len(found)} scans"
    return f"{'Phases' if found.components is None else 'Components'} of {found[0].metal} in {scans}"


def answer(found: Mixtures) -> list[str]:
    """Return the fractions of one scan, or how many scans the phases suffice for: the first sentences of a page."""
    doubts = [] if len(found) == 1 or all(each.sufficient for each in found) else [NOT_ENOUGH]
    if found.components is not None:
        return [*(each.strip() for each in components(found.components)), *doubts]
    if len(found) == 1:
        shares = ", ".join(f"{plain(part.name)} {share(part.fraction, part.interval)}" for part in found[0].parts)
        lines = [f"{shares}.", f"{verdict(found[0])}."]
    else:
        enough = sum(each.sufficient for each in found)
        lines = [f"{', '.join(map(plain, found.names))}: these phases suffice for {enough} of {len(found)} scans."]
    return [*lines, *doubts, expected(found[0].errors)]


def share(fraction: float, interval: tuple[float, float]) -> str:
    """Return a fraction with its interval, in per cent."""
    low, high = interval
    return f"{100 * fraction:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
