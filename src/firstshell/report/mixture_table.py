"""Mixtures as a table: one row a phase of a scan, every column with its unit; and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from firstshell.match.mix import Mixture
from firstshell.report.answer_table import head
from firstshell.report.words.mixture import verdict
from firstshell.runtime import spreadsheet
from firstshell.runtime.store import write_json

if TYPE_CHECKING:
    import pandas as pd


def frame(found: Sequence[Mixture]) -> pd.DataFrame:
    """Return the table; what is known of a whole scan stands in each of its rows."""
    import pandas as pd

    return pd.DataFrame([row for mixture in found for row in _rows(mixture)])


def curves(found: Mixture) -> pd.DataFrame:
    """Return what is drawn of one scan: the measurement, each part, their sum and the residual, in edge steps."""
    import pandas as pd

    table = {"E - E(K) (eV)": found.energy, "measured": found.measured, "mixture": found.measured - found.residual}
    table |= {part.name: part.spectrum for part in found.parts}
    return pd.DataFrame(table | {"residual": found.residual})


def write_table(found: Sequence[Mixture], folder: Path) -> list[Path]:
    """Write fractions.csv, fractions.parquet and fractions.json, each whole or not at all."""
    written = spreadsheet.write_table(frame(found), folder / "fractions")
    write_json(folder / "fractions.json", [_described(each) for each in found])
    return [*written, folder / "fractions.json"]


def write_curves(found: Sequence[Mixture], folder: Path) -> list[Path]:
    """Write mixture_01.csv and so on, the curves of each scan."""
    written = []
    for i, each in enumerate(found, start=1):
        path = folder / f"mixture_{i:02d}.csv"
        spreadsheet.write_csv(curves(each), path)
        written.append(path)
    return written


def _rows(found: Mixture) -> list[dict[str, Any]]:
    scan = {"scan": found.sample.name, "file": found.sample.source, "metal": found.metal}
    fit = {
        "free_sum": found.free_sum,
        "energy_shift (eV)": found.shift,
        "rms (edge steps)": found.rms,
        "misfit (edge steps)": found.misfit,
        "misfit_limit (edge steps)": found.errors.limit,
        "right_mixtures_with_less": found.errors.percentile(found.misfit),
        "sufficient": found.sufficient,
    }
    rows = []
    for part in found.parts:
        low, high = part.interval
        shares = {"fraction": part.fraction, "fraction_low": low, "fraction_high": high}
        own = {"phase": part.name, **shares, "simulated": part.simulated}
        shell = {} if part.answer is None else {head(t): p.value for t, p in part.answer.predictions.items()}
        rows.append(scan | own | fit | shell)
    return rows


def _described(found: Mixture) -> dict[str, Any]:
    """Return a mixture as JSON has it."""
    phases = [
        {
            "phase": part.name,
            "fraction": part.fraction,
            "interval": list(part.interval),
            "simulated": part.simulated,
            "first_shell": {}
            if part.answer is None
            else {
                t.value: {"value": p.value, "interval": list(p.interval)} for t, p in part.answer.predictions.items()
            },
        }
        for part in found.parts
    ]
    return {
        "scan": found.sample.name,
        "file": found.sample.source,
        "metal": found.metal,
        "phases": phases,
        "candidates": list(found.candidates),
        "free_sum": found.free_sum,
        "energy_shift": found.shift,
        "misfit": found.misfit,
        "misfit_limit": found.errors.limit,
        "rms": float(np.round(found.rms, 6)),
        "sufficient": found.sufficient,
        "verdict": verdict(found),
    }
