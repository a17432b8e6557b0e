"""A server with small models, for all tests of the page."""

import importlib
import warnings
from collections.abc import Iterator

import pytest
from serving import Client, first_materials, make_service, running

from firstshell.dataset.table import Dataset


@pytest.fixture(scope="session")
def data() -> Dataset:
    """The first materials of two metals."""
    return first_materials(("Cu", "Fe"))


@pytest.fixture(scope="session", autouse=True)
def shap() -> None:
    """Imported once, without the warnings of what it imports."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("shap")


@pytest.fixture(scope="session")
def client(data) -> Iterator[Client]:
    with running(make_service(data)) as found:
        yield found
