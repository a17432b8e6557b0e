"""Answers as the page draws them: plain numbers, few digits."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.io.spectra.measured import Measured
from firstshell.measured.pdf.match import MatchedPdf
from firstshell.measured.xanes.normalise import Normalised
from firstshell.prediction.answer import Answer
from firstshell.prediction.explain import Evidence
from firstshell.prediction.model import Predictor
from firstshell.prediction.resemblance import Resemblance
from firstshell.types import Array, Prediction, Target
from firstshell.web.wording import for_page

MOST_POINTS = 1500
"""Points of a curve that are sent; a screen shows no more."""
LENGTHS = 1.2
"""Range of lengths that are drawn, in units of a model's length output from its centre: three standard deviations."""


def numbers(values: Array, digits: int = 5) -> list[float]:
    """Return values with a few significant digits; those of a curve are plenty with five."""
    return [float(f"{value:.{digits}g}") for value in values]


def thinned(*columns: Array) -> list[Array]:
    """Return curves that share an axis with at most `MOST_POINTS` points, evenly chosen, the last one kept."""
    n = len(columns[0])
    if n <= MOST_POINTS:
        return list(columns)
    chosen = np.unique(np.linspace(0, n - 1, MOST_POINTS).astype(int))
    return [column[chosen] for column in columns]


def uploaded(name: str, measured: Measured) -> dict[str, Any]:
    """Return what the page shows of a spectrum once it is read: its kind and its curve."""
    x, y = thinned(measured.x, measured.y)
    return {
        "id": name,
        "name": measured.name,
        "source": measured.source,
        "kind": measured.kind,
        "how": measured.how,
        "element": measured.element,
        "format": measured.format,
        "signals": [each.how for each in (measured, *measured.others) if each.signal != "reference"],
        "points": len(measured.x),
        "ends": [round(float(measured.x[0]), 3), round(float(measured.x[-1]), 3)],
        "x": numbers(x, 8),
        "y": numbers(y),
    }


def refusal(error: InputError) -> dict[str, Any]:
    """Return what is wrong, what to do, and where."""
    return {
        "what": for_page(error.what),
        "remedy": for_page(error.remedy),
        "file": None if error.file is None else str(error.file),
        "line": error.line,
    }


def row(ids: Sequence[str], answer: Answer, model: Predictor) -> dict[str, Any]:
    """Return one answer without its curves."""
    nearest = min(answer.resemblance.values(), key=lambda each: each.distance / each.limit).nearest[0][0]
    return {
        "ids": list(ids),
        "name": answer.sample.name,
        "sources": list(answer.sample.sources),
        "metal": answer.metal,
        "inputs": answer.inputs,
        "radiation": answer.sample.radiation,
        "in_domain": answer.in_domain,
        "nearest": nearest,
        "targets": [_target(each, model) | _alone(answer, each.target) for each in answer.predictions.values()],
        "warnings": [for_page(each) for each in answer.warnings],
        "shift": None if answer.alignment is None else round(answer.alignment.shift, 2),
        "e0": None if answer.sample.xanes is None else round(answer.sample.xanes.e0, 2),
    }


def _alone(answer: Answer, target: Target) -> dict[str, Any]:
    """Return what each of several measurements says of a target without the others."""
    found = {name: each[target] for name, each in answer.alone.items()}
    return {
        "alone": [
            {"inputs": name, "value": round(each.value, 4), "interval": [round(end, 4) for end in each.interval]}
            for name, each in found.items()
        ]
    }


def _target(prediction: Prediction, model: Predictor) -> dict[str, Any]:
    target = prediction.target
    classes = model.outputs.classes(target)
    reach = LENGTHS * model.outputs.unit
    ends = (
        (classes[0], classes[-1]) if target.is_class else (model.outputs.centre - reach, model.outputs.centre + reach)
    )
    return {
        "target": target.value,
        "label": target.label,
        "unit": target.unit,
        "value": round(prediction.value, 4),
        "interval": [round(end, 4) for end in prediction.interval],
        "scale": [round(float(end), 3) for end in ends],
        "classes": [
            {"name": f"{c:+d}" if target is Target.OXIDATION_STATE else str(c), "share": round(p, 4)}
            for c, p in prediction.probabilities.items()
        ],
    }


def detail(answer: Answer) -> dict[str, Any]:
    """Return the curves of one answer, and what was done to them."""
    xanes, pdf = answer.sample.xanes, answer.sample.pdf
    return {
        "xanes": None if xanes is None or answer.alignment is None else _xanes(xanes, answer.alignment.shift),
        "alignment": None if answer.alignment is None else asdict(answer.alignment),
        "pdf": None if pdf is None else _pdf(pdf),
        "resemblance": {name: _alike(each) for name, each in answer.resemblance.items()},
    }


def _xanes(found: Normalised, shift: float) -> dict[str, Any]:
    """Return raw and normalised curves; `away` is in eV from the tabulated K edge, after the shift."""
    energy, raw, pre, post, mu = thinned(found.energy, found.raw, found.pre, found.post, found.mu)
    return {
        "energy": numbers(energy, 8),
        "raw": numbers(raw),
        "pre": numbers(pre),
        "post": numbers(post),
        "away": numbers(energy - k_edge(found.metal) + shift, 6),
        "mu": numbers(mu),
        "e0": round(found.e0, 2),
        "edge_step": float(f"{found.edge_step:.4g}"),
        "kept": found.kept,
        "foil": found.reference is not None,
        "file_type": found.file_type,
        "how": found.how,
        "others": list(found.others),
        "range_ends": found.ends,
        "settings": {k: v if v is None else round(v, 2) for k, v in asdict(found.settings).items()},
        "ends": [round(float(found.energy[0] - found.e0), 1), round(float(found.energy[-1] - found.e0), 1)],
    }


def _pdf(found: MatchedPdf) -> dict[str, Any]:
    conditions = asdict(found.conditions)
    return {"r": numbers(found.grid.values), "g": numbers(found.values), "conditions": conditions}


def _alike(each: Resemblance) -> dict[str, Any]:
    return {
        "similarity": each.similarity,
        "non_oxide": None if each.non_oxide is None else _distance(*each.non_oxide),
        "distance": float(f"{each.distance:.3g}"),
        "limit": float(f"{each.limit:.3g}"),
        "unit": each.unit,
        "nearest": [_distance(*near) for near in each.nearest],
        "axis": numbers(each.axis),
        "measured": numbers(each.measured),
        "alike": numbers(each.alike),
    }


def _distance(name: str, distance: float) -> dict[str, Any]:
    return {"name": name, "distance": float(f"{distance:.3g}")}


def windows(start: dict[Target, float], found: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Return, by target, the answer for any spectrum and what each window of this one adds to it."""
    return [
        {
            "target": target.value,
            "label": target.label,
            "unit": target.unit,
            "start": round(base, 4),
            "windows": [
                {
                    "modality": each.modality,
                    "low": round(each.low, 2),
                    "high": round(each.high, 2),
                    "unit": each.unit,
                    "contribution": round(each.contribution, 4),
                }
                for each in found
                if each.target is target
            ],
        }
        for target, base in start.items()
    ]
