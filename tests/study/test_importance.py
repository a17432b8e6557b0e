import numpy as np
import pytest

from firstshell.study import importance as module
from firstshell.study.features import Block, blocks
from firstshell.study.forest import fit_forest
from firstshell.study.importance import block_importance
from firstshell.types import Grid, Target

GRIDS = {"xanes": Grid(np.linspace(0, 55, 12), "E", "eV"), "pdf": Grid(np.arange(7) * 0.1, "r", "Å")}


def test_blocks_cover_each_modality_once_and_in_order():
    found = blocks(GRIDS, "pdf+xanes", 5)
    whole = [block for block in found if np.isnan(block.low)]
    windows = [block for block in found if not np.isnan(block.low)]
    assert [(b.modality, b.columns.tolist()) for b in whole] == [
        ("pdf", list(range(7))),
        ("xanes", list(range(7, 19))),
    ]
    assert np.concatenate([b.columns for b in windows]).tolist() == list(range(19))
    assert (windows[5].modality, windows[5].low, windows[-1].high) == ("xanes", 0.0, 55.0)
    assert len(blocks(GRIDS, "pdf", 100)) == 1 + 7


@pytest.fixture(scope="module")
def constructed():
    """The label stands in columns 2 and 3 (copies of each other); the rest is noise."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 8))
    features[:, 3] = features[:, 2]
    parts = [
        Block("a", np.nan, np.nan, np.arange(4)),
        Block("a", 0, 1, np.arange(2)),
        Block("a", 2, 3, np.arange(2, 4)),
    ]
    return features, features[:, 2], [*parts, Block("b", np.nan, np.nan, np.arange(4, 8))]


def importances(constructed, target, permutations=20, labels=None):
    features, signal, parts = constructed
    values = signal + 5 if target is Target.BOND_LENGTH else (signal > 0).astype(np.int64)
    forest = fit_forest(features[:200], values[:200], trees=40, max_features=3)
    rng = np.random.default_rng(1)
    return block_importance(forest, features[200:], values[200:], parts, target, 5.0, permutations, rng)


def test_permutation_finds_the_block_that_matters(constructed):
    whole, noise_window, signal_window, other = importances(constructed, Target.OXIDATION_STATE)
    assert whole == pytest.approx(signal_window, abs=0.05)
    assert signal_window == pytest.approx(0.5, abs=0.1)  # a permuted balanced binary answer is right half the time
    assert abs(noise_window) < 0.05
    assert abs(other) < 0.05


def test_permuted_lengths_lose_what_an_unrelated_answer_loses(constructed):
    whole, noise_window, _, other = importances(constructed, Target.BOND_LENGTH)
    spread = 100 * np.std(constructed[1][200:]) / 5.0
    assert whole == pytest.approx(np.sqrt(2) * spread, rel=0.25)  # RMS difference of two independent draws
    assert max(abs(noise_window), abs(other)) < 0.1 * whole


def test_chunks_change_nothing(constructed, monkeypatch):
    together = importances(constructed, Target.BOND_LENGTH, permutations=3)
    monkeypatch.setattr(module, "MAX_ROWS", 1)
    assert np.array_equal(importances(constructed, Target.BOND_LENGTH, permutations=3), together)
