"""Which parts of a spectrum support an answer: TreeSHAP, summed over windows."""

from dataclasses import dataclass
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np

from firstshell.prediction.forest_output import correct
from firstshell.prediction.model import Predictor
from firstshell.prediction.outputs import length_weights
from firstshell.study.trees import Ints, Trees
from firstshell.types import Array, Target

WINDOWS = 8


@dataclass(frozen=True)
class Evidence:
    """What one window of one input adds to an answer.

    low, high : eV from the tabulated K edge, or Å
    contribution : to the mean value before calibration, in the target's unit
    """

    target: Target
    modality: str
    low: float
    high: float
    unit: str
    contribution: float


def evidence(model: Predictor, spectra: dict[str, Array]) -> tuple[dict[Target, float], list[Evidence]]:
    """Return what each target's answer would be for any spectrum, and what windows of this one add to that.

    spectra : (p,) by modality, each on the grid of its channel

    By path-dependent TreeSHAP (Lundberg et al., Nat. Mach. Intell. 2, 56 (2020)), which shares an answer out among
    features so that the parts add up to it. As in an answer, each over-absorption that the spectrum may have is undone,
    and the evidence is averaged by how likely they are; lengths are of the trees that agree on the classes. That of the
    oxidation state is the forest's, which answers average with the likelihood of the training spectra.
    """
    with catch_warnings():
        simplefilter("ignore")  # of its plots, which are not used
        import shap

    corrected = correct(model.damping, spectra)
    features = model.features(corrected.spectra)
    weights = _tree_weights(model, features)
    values, base = np.zeros((features.shape[1], model.outputs.count)), np.zeros((1, model.outputs.count))
    for row, share, weight in zip(features, corrected.shares, weights.swapaxes(0, 1), strict=True):
        explainer = shap.TreeExplainer(_for_shap(model.trees, weight))
        values += share * np.asarray(explainer.shap_values(row[None], check_additivity=False))[0]
        base += share * np.atleast_1d(explainer.expected_value)[None]
    start = {target: float(model.outputs.averages(target, base)[0]) for target in Target}
    found: list[Evidence] = []
    first = 0
    for channel in model.channels:
        places = channel.positions()
        part = values[first : first + len(places)]
        first += len(places)
        edges = np.linspace(places.min(), places.max(), WINDOWS + 1)
        window = np.clip(np.searchsorted(edges, places, side="right") - 1, 0, WINDOWS - 1)
        for i in range(WINDOWS):
            total = part[window == i].sum(axis=0)[None]
            for target in Target:
                share = _linear(model, target, total)
                found.append(Evidence(target, channel.name, float(edges[i]), float(edges[i + 1]), channel.unit, share))
    return start, found


def _tree_weights(model: Predictor, features: Array) -> Array:
    """Return the (trees, n, k) weights of trees in the outputs of a model for features (n, q)."""
    outputs = model.trees.each(features)
    weights = np.full(outputs.shape, 1.0 / len(outputs))
    if model.damping is not None:
        weights[:, :, model.outputs.columns(Target.BOND_LENGTH).start] = length_weights(outputs, model.outputs)
    return weights


def _for_shap(trees: Trees, weights: Array) -> dict[str, Any]:
    """Return trees, whose outputs have weights (trees, k), as shap takes those of programs that it does not know."""
    ends = [*trees.roots[1:], len(trees.left)]
    parts = [slice(int(first), int(end)) for first, end in zip(trees.roots, ends, strict=True)]

    def children(own: Ints, part: slice) -> Ints:
        return np.where(own[part] < 0, -1, own[part] - part.start)

    return {
        "input_dtype": np.float32,
        "tree_output": "raw_value",
        "trees": [
            {
                "children_left": children(trees.left, part),
                "children_right": children(trees.right, part),
                "children_default": children(trees.right, part),
                "features": trees.feature[part],
                "thresholds": trees.threshold[part],
                "values": trees.values[part] * weight,
                "node_sample_weight": trees.weight[part].astype(np.float64),
            }
            for part, weight in zip(parts, weights, strict=True)
        ],
    }


def _linear(model: Predictor, target: Target, change: Array) -> float:
    """Return what a change (1, k) of the forest's outputs changes a target's mean value by."""
    zero = np.zeros_like(change)
    return float((model.outputs.averages(target, change) - model.outputs.averages(target, zero))[0])
