"""Models of the synthetic dataset, and that dataset."""

import pytest

from firstshell.prediction.model_file import load_predictor
from quick import quick_data


@pytest.fixture(scope="session")
def data():
    return quick_data()


@pytest.fixture(scope="session")
def xanes_model(saved):
    return load_predictor(saved / "xanes.npz")


@pytest.fixture(scope="session")
def both_model(saved):
    return load_predictor(saved / "both.npz")
