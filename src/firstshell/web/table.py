"""Answers as a table: one row a sample, in CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from firstshell.measured.predict import Answer
from firstshell.types import Target

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would calculate."""


def to_csv(answers: Sequence[Answer]) -> str:
    """Return the answers as CSV with a header; values and intervals in the target's unit, which stands in the head."""
    rows = [_row(answer) for answer in answers]
    heads = list(dict.fromkeys(head for each in rows for head in each))
    text = io.StringIO()
    writer = csv.DictWriter(text, heads, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(answer: Answer) -> dict[str, Any]:
    made: dict[str, Any] = {
        "sample": _plain(answer.sample.name),
        "files": _plain("; ".join(answer.sample.sources)),
        "metal": answer.metal,
        "inputs": answer.inputs,
    }
    for target, each in answer.predictions.items():
        unit = f" ({target.unit})" if target.unit else ""
        low, high = each.interval
        made |= {
            f"{target.value}{unit}": round(each.value, 4),
            f"{target.value} 90 % low{unit}": round(low, 4),
            f"{target.value} 90 % high{unit}": round(high, 4),
        }
        sign = "+d" if target is Target.OXIDATION_STATE else "d"
        made |= {f"{target.value} P({c:{sign}})": round(p, 4) for c, p in each.probabilities.items()}
    xanes, moved = answer.sample.xanes, answer.alignment
    made |= {
        "in domain": "yes" if answer.in_domain else "no",
        "nearest": _plain("; ".join(each.nearest[0][0] for each in answer.resemblance.values())),
        "E0 (eV)": "" if xanes is None else round(xanes.e0, 2),
        "energy shift (eV)": "" if moved is None else round(moved.shift, 2),
        "warnings": _plain("; ".join(answer.warnings)),
    }
    return made


def _plain(text: str) -> str:
    """Return a text that a spreadsheet takes for a text."""
    return f"'{text}" if text.startswith(FORMULA) else text
