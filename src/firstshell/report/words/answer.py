"""Answers in words, for a terminal."""

from collections.abc import Sequence

from firstshell.prediction.align import Alignment
from firstshell.prediction.answer import Answer
from firstshell.prediction.explain import Evidence
from firstshell.prediction.resemblance import Resemblance
from firstshell.report.answer_table import ranges
from firstshell.runtime.console import plain, true_minus
from firstshell.simulation import show
from firstshell.types import Prediction, Target

NOTE = (
    "Values are averages over all sites of the metal in the sample, and over the parts of a mixture; intervals hold "
    "the true average in nine cases of ten, for samples that are in the domain."
)
BY = {
    "foil": "which puts the edge of the foil where it is tabulated",
    "fit": "where the training spectra fit best",
    "given": "as given",
}
WIDTH = 30
STRONGEST = 3
UNLIKE = 0.3
"""Share of the forest for unlike sites from which on the parts are printed."""
LEAST_PART = 0.05


def paragraph(answer: Answer) -> str:
    """Return all that is known of a sample, some ten lines."""
    names = show(answer.inputs).replace("+", " + ")
    sources = plain(", ".join(answer.sample.sources))
    lines = [f"{plain(answer.sample.name)}: {answer.metal}, from {names} ({sources})"]
    lines += [f"  {sentence}" for sentence in (*origin(answer), *exafs(answer))]
    lines += [f"  {_target(prediction)}" for prediction in answer.predictions.values()]
    lines += _sites(answer)
    lines += _by_measurement(answer)
    for name, each in answer.resemblance.items():
        lines += _resemblance(name, each)
    if answer.alignment is not None:
        lines.append(f"  Energies {_alignment(answer.alignment)}")
    lines += [f"  Warning: {warning}" for warning in answer.warnings]
    return "\n".join(lines)


def origin(answer: Answer) -> list[str]:
    """Return of which file type, columns, edge and ranges the XANES of an answer is made, in one or two lines."""
    xanes = answer.sample.xanes
    if xanes is None or not xanes.how:
        return []
    first = f"{xanes.file_type}: μ from {xanes.how}; {xanes.metal} K edge, E0 {xanes.e0:.1f} eV"
    if not xanes.kept:
        line, curve = ranges(xanes)
        first += f", line {line} eV, curve {curve} eV from it, edge step {xanes.edge_step:.3g}"
    also = f"Other signals in the file (--signal takes one): {'; '.join(xanes.others)}" if xanes.others else ""
    ends = f"{xanes.ends[:1].upper()}{xanes.ends[1:]}"
    return [plain(sentence) for sentence in (first.removeprefix(": "), ends, also) if sentence]


def exafs(answer: Answer) -> list[str]:
    """Return which part of the EXAFS of a scan is used, or why none is; nothing for what is no scan."""
    sample = answer.sample
    if "exafs" in answer.spectra and sample.exafs is not None:
        used = answer.resemblance["exafs"].axis
        good = f"it can be used up to {sample.exafs.range}"
        return [f"EXAFS from k = {used[0]:.1f} to {used[-1]:.1f} Å⁻¹ is in the answer; {good}"]
    return [f"No EXAFS in the answer: {sample.no_exafs}"] if sample.no_exafs else []


def shortened(name: str) -> str:
    """Return the name of a sample as its column has room for it: the end, which tells scans of a series apart."""
    name = plain(name)
    return f"{name if len(name) <= WIDTH else f'…{name[1 - WIDTH :]}':{WIDTH}}"


def line(answer: Answer) -> str:
    """Return the answer in one line, to stand under `heading`."""
    values = [with_interval(each) for each in answer.predictions.values()]
    verdict = "in domain" if answer.in_domain else "OUTSIDE"
    doubt = ", energies doubtful" if answer.alignment is not None and answer.alignment.doubt else ""
    more = f" ({len(answer.warnings)} warning{'s' * (len(answer.warnings) > 1)}: -v)" if answer.warnings else ""
    cells = f"{values[0]:20}{values[1]:20}{values[2]:24}"
    return f"{shortened(answer.sample.name)}  {answer.metal:2}  {cells}{verdict}{doubt}{more}"


def heading() -> str:
    """Return the heads of the columns of `line`."""
    heads = [f"{target.label.lower().replace('mean ', '')}{' (Å)' if target.unit else ''}" for target in Target]
    return f"{'sample':{WIDTH}}  {'':2}  {heads[0]:20}{heads[1]:20}{heads[2]:24}like the training spectra"


def evidence_lines(start: dict[Target, float], found: Sequence[Evidence]) -> list[str]:
    """Return which windows move each answer most."""
    lines = []
    scale = " (eV from the tabulated K edge)" if any(e.unit == "eV" for e in found) else ""
    source = " and ".join(show(name) for name in dict.fromkeys(e.modality for e in found))
    for target in Target:
        own = sorted((e for e in found if e.target is target), key=lambda e: -abs(e.contribution))[:STRONGEST]
        digits = 2 if target.is_class else 3
        parts = ", ".join(f"{_window(e)} {signed(e.contribution, digits)}" for e in own)
        base = f"{start[target]:.{digits}f}"
        moved = f"windows of the {source} that move it most{scale}"
        lines.append(f"  {target.label}: baseline {base}; {moved}: {parts}")
    return lines


def _window(part: Evidence) -> str:
    return true_minus(f"{part.low:.1f} to {part.high:.1f} {part.unit}")


def signed(value: float, digits: int) -> str:
    """Return a number with its sign, a true minus."""
    return true_minus(f"{value:+z.{digits}f}")


def with_interval(found: Prediction) -> str:
    """Return a value with its 90 % interval in brackets."""
    return f"{_value(found.target, found.value)} ({_ends(found)})"


def _target(found: Prediction) -> str:
    target = found.target
    unit = f" {target.unit}" if target.unit else ""
    line = f"{target.label:20} {_value(target, found.value)}{unit} (90 % interval {_ends(found)}{unit})"
    if found.probabilities:
        sign = "+" if target is Target.OXIDATION_STATE else ""
        line += "  " + ", ".join(f"{value:{sign}d}: {100 * p:.0f} %" for value, p in found.probabilities.items())
    return line


def _sites(answer: Answer) -> list[str]:
    """Return what part of the metal has which coordination number, where sites may be unlike."""
    if answer.unlike_sites < UNLIKE:
        return []
    parts = ", ".join(f"{share:.2f} of {number}" for number, share in answer.sites.items() if share >= LEAST_PART)
    return [f"  Sites may differ in coordination number ({100 * answer.unlike_sites:.0f} % of the forest): {parts}"]


def _by_measurement(answer: Answer) -> list[str]:
    """Return a table of the answers from each measurement alone and from all together; nothing where there is one."""
    if not answer.alone:
        return []
    heads = [*(f"{show(name)} alone" for name in answer.alone), show(answer.inputs).replace("+", " + ")]
    lines = [f"  {'':20} " + "".join(f"{name:24}" for name in heads)]
    for target in answer.predictions:
        found = [each[target] for each in answer.by_measurement.values()]
        cells = "".join(f"{with_interval(each):24}" for each in found)
        lines.append(f"  {target.label:20} {cells}{'disagree' if target in answer.disputed else ''}")
    return [line.rstrip() for line in lines]


def _value(target: Target, value: float) -> str:
    return f"{value:.{2 if target.is_class else 3}f}"


def _ends(found: Prediction) -> str:
    return " to ".join(_value(found.target, end) for end in found.interval)


def _resemblance(name: str, each: Resemblance) -> list[str]:
    distance = f"{each.distance:.3f} {each.unit}"
    first = f"  {each.verdict}: the {show(name)} differs by {distance} from the nearest"
    nearest = "; ".join(f"{known} {distance:.3f}" for known, distance in each.nearest)
    non_oxide = "" if each.non_oxide is None else f"; not trained on: {each.non_oxide[0]} {each.non_oxide[1]:.3f}"
    return [f"{first} training spectrum (limit {each.limit:.3f})", f"    nearest: {nearest}{non_oxide}"]


def _alignment(found: Alignment) -> str:
    return "as in the file" if found.by == "none" else f"moved by {signed(found.shift, 2)} eV, {BY[found.by]}"
