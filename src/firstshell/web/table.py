"""Answers as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from firstshell.prediction.answer import Answer
from firstshell.report.answer_table import frame

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would calculate."""


def to_csv(answers: Sequence[Answer]) -> str:
    """Return the table of answers; a name that begins like a formula has an apostrophe before it."""
    return str(frame(answers).map(_plain).to_csv(index=False))


def _plain(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
