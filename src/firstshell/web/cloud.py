"""The training spectra, as they would be measured: what a measurement is drawn over."""

from typing import Any

import numpy as np

from firstshell.dataset.table import Dataset
from firstshell.measured.xanes.augment import typical
from firstshell.measured.xanes.population import PLAIN
from firstshell.measured.xanes.training_grid import ENERGY
from firstshell.prediction.channels import XanesChannel
from firstshell.prediction.model import Predictor
from firstshell.prediction.training_set import collect
from firstshell.study.splits import seeded
from firstshell.types import Target
from firstshell.web.payload import numbers

MOST = 80
"""Curves that are drawn; more cannot be distinguished."""


def cloud(model: Predictor, data: Dataset) -> dict[str, Any]:
    """Return, by modality, an axis and curves of training samples on it, chosen at random (the same ones each time).

    XANES are those of sites and materials after the typical transfer, in edge steps over eV from the tabulated K edge;
    PDFs have the middle one of the conditions that the model compares with, over their RMS.
    """
    return {channel.name: _curves(model, channel.name, data) for channel in model.channels}


def _curves(model: Predictor, name: str, data: Dataset) -> dict[str, Any]:
    channel = model.channel(name)
    rng = seeded("cloud", model.metal, name)
    if isinstance(channel, XanesChannel):
        samples = collect(data, model.metal)
        rows = np.sort(rng.choice(len(samples), min(MOST, len(samples)), replace=False))
        axis = ENERGY
        shown = samples.take(rows)
        states = shown.truth(Target.OXIDATION_STATE)
        curves = typical(shown.grids[name], shown.spectra[name], states, channel.population or PLAIN)
    else:
        bank = model.domains[name].reference[0]
        rows = np.sort(rng.choice(len(bank), min(MOST, len(bank)), replace=False))
        axis, curves = channel.positions(), bank[rows, bank.shape[1] // 2]
    return {"axis": numbers(axis), "curves": [numbers(curve, 4) for curve in curves]}
