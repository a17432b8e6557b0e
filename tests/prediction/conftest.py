"""Models that are trained once for all tests of this folder."""

import pytest

from firstshell.prediction.model import make_predictor
from quick import BOTH, QUICK, XANES, quick_data


@pytest.fixture(scope="session")
def data():
    return quick_data()


@pytest.fixture(scope="session")
def xanes_model(data):
    return make_predictor(data, "Cu", XANES, QUICK)


@pytest.fixture(scope="session")
def both_model(data):
    return make_predictor(data, "Cu", BOTH, QUICK)
