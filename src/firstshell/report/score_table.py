"""Scores on measured standards as tables in Markdown and as JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from firstshell.prediction.scoring import Score, Scored, score
from firstshell.runtime.spreadsheet import write_csv
from firstshell.runtime.store import write_json, write_text
from firstshell.types import Target

DIGITS = {Target.OXIDATION_STATE: 2, Target.COORDINATION_NUMBER: 2, Target.BOND_LENGTH: 3}
ALL = "all"


def tables(scored: Sequence[Scored]) -> str:
    """Return all tables: right answers, coverage, recall by class, misses."""
    parts = [_head(scored)]
    for target in Target:
        lines = [_line(name, each, target) for name, each in _by_metal(scored, target)]
        if lines:
            parts.append(f"### {target.label}\n\n" + _markdown(HEADS, lines))
        if target.is_class and lines:
            recalls = [line for name, each in _by_metal(scored, target) for line in _recalls(name, each)]
            parts.append(_markdown(("metal", "true class", "right", "constant"), recalls))
    outside = [each for each in scored if not each.truth.is_oxide and each.answer]
    if outside:
        named = sum(not each.answer.in_domain for each in outside if each.answer)
        parts.append(f"Non-oxides reported as outside the domain: {_share(named, len(outside))}")
    misses = [_miss(each) for each in scored if each.answer and each.truth.is_oxide and _wrong(each)]
    if misses:
        heads = ("file", "compound", *(target.label for target in Target), "domain", "shift, eV")
        parts.append("### Misses\n\n" + _markdown(heads, misses))
    return "\n\n".join(parts)


def to_json(scored: Sequence[Scored]) -> dict[str, Any]:
    """Return scores by target and metal, and every answer beside its truth."""
    scores = {target.value: {name: each.to_json() for name, each in _by_metal(scored, target)} for target in Target}
    return {"scores": scores, "answers": [_row(each) for each in scored]}


def write_score(scored: Sequence[Scored], out: Path) -> list[Path]:
    """Write score.md, score.json and answers.csv into a folder, and return their paths."""
    markdown, plain, rows = out / "score.md", out / "score.json", out / "answers.csv"
    write_text(markdown, tables(scored) + "\n")
    write_json(plain, to_json(scored))
    write_csv(pd.DataFrame([row | row.pop("targets") for row in map(_row, scored)], dtype=object), rows)
    return [markdown, plain, rows]


HEADS = (
    "metal",
    "files (compounds)",
    "right",
    "each compound once",
    "constant",
    "90 % interval holds",
    "its width",
    "mean absolute error",
    "bias",
)


def _head(scored: Sequence[Scored]) -> str:
    answered = [each for each in scored if each.answer]
    oxides = [each for each in answered if each.truth.is_oxide]
    inside = sum(each.answer.in_domain for each in oxides if each.answer)
    lines = [f"{len(scored)} standards, {len(answered)} answered; {len(oxides)} oxides, {inside} of them in domain"]
    lines += [f"not answered: {each.truth.file}: {each.refused}" for each in scored if not each.answer]
    return "\n".join(lines)


def _by_metal(scored: Sequence[Scored], target: Target) -> list[tuple[str, Score]]:
    metals = list(dict.fromkeys(each.truth.metal for each in scored))
    names = [*metals, ALL] if len(metals) > 1 else metals
    found = ((name, score([e for e in scored if name in (e.truth.metal, ALL)], target)) for name in names)
    return [(name, each) for name, each in found if each is not None]


def _line(name: str, each: Score, target: Target) -> tuple[str, ...]:
    digits = DIGITS[target]
    guess = f" (always {each.constant[name]:.{digits if digits > 2 else 0}f})" if name in each.constant else ""
    return (
        name,
        f"{each.files} ({each.compounds})",
        _share(each.right, each.files),
        f"{100 * each.by_compound:.0f} %",
        _share(each.constant_right, each.files) + guess,
        _share(each.covered, each.files),
        f"{each.width:.{digits}f}",
        f"{each.error:.{digits}f}",
        f"{each.bias:+.{digits}f}",
    )


def _recalls(name: str, each: Score) -> list[tuple[str, ...]]:
    lines = [(name, own, _share(right, of), _share(by, of)) for own, (right, of, by) in each.recalls.items()]
    return [*lines, (name, "mean", f"{each.mean_recall:.2f}", f"{each.constant_recall:.2f}")]


def _wrong(each: Scored) -> bool:
    return not all(each.right(target) for target in each.truth.values)


def _miss(each: Scored) -> tuple[str, ...]:
    assert each.answer is not None
    moved = each.answer.alignment
    return (
        each.truth.file,
        each.truth.compound,
        *(_value(each, target) for target in Target),
        "in" if each.answer.in_domain else "out",
        "" if moved is None else f"{moved.shift:+.1f} {moved.by}",
    )


def _value(each: Scored, target: Target) -> str:
    assert each.answer is not None
    if target not in each.truth.values:
        return ""
    digits, (low, high) = DIGITS[target], each.interval(target)
    text = f"{each.answer.predictions[target].value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
    return f"{text} for {each.truth.values[target]:.{digits}f}" + ("" if each.right(target) else " \\*")


def _row(each: Scored) -> dict[str, Any]:
    found: dict[str, Any] = {"file": each.truth.file, "metal": each.truth.metal, "compound": each.truth.compound}
    if each.answer is None:
        return {**found, "refused": each.refused, "targets": {}}
    moved = each.answer.alignment
    found |= {"in_domain": each.answer.in_domain, "shift_eV": None if moved is None else round(moved.shift, 3)}
    found["targets"] = {
        f"{target.value}{part}": value
        for target in Target
        for part, value in (
            ("_true", each.truth.values.get(target)),
            ("", round(each.answer.predictions[target].value, 4)),
            ("_low", round(each.interval(target)[0], 4)),
            ("_high", round(each.interval(target)[1], 4)),
        )
    }
    return found


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} ({100 * part / max(whole, 1):.0f} %)"


def _markdown(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
