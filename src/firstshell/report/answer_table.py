"""Answers as a table: one row a sample, every column with its unit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstshell import simulation as modalities
from firstshell.measured.xanes.normalise import Normalised
from firstshell.prediction.answer import Answer
from firstshell.prediction.explain import Evidence
from firstshell.runtime.console import true_minus
from firstshell.runtime.spreadsheet import write_csv
from firstshell.types import Target

if TYPE_CHECKING:
    import pandas as pd


def frame(answers: Sequence[Answer]) -> pd.DataFrame:
    """Return the table: values are averages over the metal's sites, low and high the ends of 90 % intervals.

    Probabilities (P) of a class that another metal's model does not know are missing, as is what was not measured.
    """
    import pandas as pd

    rows = [_row(answer) for answer in answers]
    # Columns in the order in which they first occur, the classes of a target side by side.
    heads = sorted(dict.fromkeys(head for row in rows for head in row), key=_place)
    return pd.DataFrame(rows, columns=heads)


def write_evidence(answers: Sequence[Answer], found: Sequence[Sequence[Evidence]], folder: Path) -> Path:
    """Write evidence.csv: what each window of each spectrum adds to each answer."""
    import pandas as pd

    rows = [
        {
            "sample": answer.sample.name,
            "target": head(each.target),
            "modality": each.modality,
            "low": each.low,
            "high": each.high,
            "unit of low and high": each.unit,
            "contribution": each.contribution,
        }
        for answer, own in zip(answers, found, strict=True)
        for each in own
    ]
    table, path = pd.DataFrame(rows), folder / "evidence.csv"
    write_csv(table, path)
    return path


def ranges(xanes: Normalised) -> tuple[str, str]:
    """Return the ranges of the line below and the curve above the edge, in eV from E0."""
    used = xanes.settings
    line, curve = (f"{low:.0f} to {high:.0f}" for low, high in ((used.pre1, used.pre2), (used.norm1, used.norm2)))
    return true_minus(line), curve


def head(target: Target) -> str:
    """Return the column of a target, with its unit."""
    return f"{target.value} ({target.unit})" if target.unit else target.value


def _row(answer: Answer) -> dict[str, Any]:
    row: dict[str, Any] = {
        "sample": answer.sample.name,
        "files": "; ".join(answer.sample.sources),
        "metal": answer.metal,
        "inputs": answer.inputs,
    }
    xanes = answer.sample.xanes
    if xanes is not None:
        line, curve = ("", "") if xanes.kept else ranges(xanes)
        row |= {
            "file_type": xanes.file_type,
            "signal": xanes.how,
            "other_signals": "; ".join(xanes.others),
            "edge": f"{xanes.metal} K",
            "E0 (eV)": xanes.e0,
            "edge_step": xanes.edge_step,
            "pre-edge_range (eV from E0)": line,
            "post-edge_range (eV from E0)": curve,
            "range_ends": xanes.ends,
        }
    for target, found in answer.predictions.items():
        low, high = found.interval
        unit = f" ({target.unit})" if target.unit else ""
        row |= {head(target): found.value, f"{target.value}_low{unit}": low, f"{target.value}_high{unit}": high}
        row |= {f"P({target.value} = {value})": share for value, share in found.probabilities.items()}
        for name, predictions in answer.alone.items():
            low, high = predictions[target].interval
            row |= {f"{target.value}_{name}_alone{unit}": predictions[target].value}
            row |= {f"{target.value}_{name}_alone_low{unit}": low, f"{target.value}_{name}_alone_high{unit}": high}
    row["unlike_sites"] = answer.unlike_sites
    row["in_domain"] = answer.in_domain
    for name, each in answer.resemblance.items():
        unit = each.unit
        row |= {f"{name}_distance ({unit})": each.distance, f"{name}_limit ({unit})": each.limit}
        row[f"{name}_nearest"] = each.nearest[0][0]
        row[f"{name}_may_be"] = "" if each.non_oxide is None else each.non_oxide[0]
    if answer.alignment is not None:
        row |= {"energy_shift (eV)": answer.alignment.shift, "aligned_by": answer.alignment.by}
        row["over_absorption_undone"] = answer.damping
    return row | {"warnings": "; ".join(answer.warnings)}


_ORIGIN = ("file_type", "signal", "other_signals", "edge", "E0", "edge_step", "pre-edge_range", "post-edge_range")


@cache
def _groups() -> tuple[str, ...]:
    """Return what columns are about, in their order."""
    targets = (target.value for target in Target)
    return (
        "sample",
        "files",
        "metal",
        "inputs",
        *_ORIGIN,
        "range_ends",
        *targets,
        "unlike_sites",
        "in_domain",
        *modalities.ranked(),
    )


def _place(name: str) -> tuple[int, int, int]:
    """Return where a column stands: by what it is about, values before probabilities, these by class."""
    groups = _groups()
    if name.startswith("P("):
        about, _, value = name[2:-1].partition(" = ")
        return groups.index(about), 1, int(value)
    about = next((group for group in groups if name == group or name.startswith((f"{group}_", f"{group} "))), "")
    return (groups.index(about) if about else len(groups)), 0, 0
