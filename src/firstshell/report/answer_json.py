"""Answers as JSON: what each measurement says alone, and what all of them say together."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from firstshell.prediction.answer import Answer
from firstshell.runtime import store
from firstshell.types import Prediction


def to_json(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return answers as plain values: lengths in Å, low and high the ends of 90 % intervals."""
    return [
        {
            "sample": answer.sample.name,
            "files": list(answer.sample.sources),
            "metal": answer.metal,
            "inputs": answer.inputs,
            "answers": {
                name: {target.value: _plain(found) for target, found in predictions.items()}
                for name, predictions in answer.by_measurement.items()
            },
            "sites": {str(number): share for number, share in answer.sites.items()},
            "unlike_sites": answer.unlike_sites,
            "disagree on": [target.value for target in answer.disputed],
            "in_domain": answer.in_domain,
            "warnings": list(answer.warnings),
        }
        for answer in answers
    ]


def write_json(answers: Sequence[Answer], folder: Path) -> Path:
    """Write answers.json, whole or not at all."""
    store.write_json(folder / "answers.json", to_json(answers))
    return folder / "answers.json"


def _plain(found: Prediction) -> dict[str, Any]:
    low, high = found.interval
    shares = {"probabilities": {str(own): share for own, share in found.probabilities.items()}}
    return {"value": found.value, "low": low, "high": high, **(shares if found.probabilities else {})}
