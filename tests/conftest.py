"""Fixtures that every test may use."""

import os
import signal
import sys
from pathlib import Path

import matplotlib
import pytest

import places
from firstshell import cli

matplotlib.use("Agg")


def pytest_configure():
    """Heed Ctrl-C and a closed terminal, and so do children: what a shell or nohup starts may ignore them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items):
    """Mark what needs the reference material."""
    for item in items:
        if "shared" in item.fixturenames:
            item.add_marker("shared")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material beside the checkout; the test skips where it is absent."""
    folder = places.SHARED
    if not folder.is_dir():
        pytest.skip("../shared is not here")
    return folder


@pytest.fixture(scope="session")
def common(tmp_path_factory) -> Path:
    """A folder that all workers of a run have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def saved(common) -> Path:
    """Models of Cu in files: xanes.npz, and both.npz from XANES and PDF."""
    from trained import model_files  # takes seconds, which most tests do not need

    return model_files(common / "trained")


@pytest.fixture
def command(monkeypatch, capsys):
    """Run a command line in this process; returns exit status, output and errors."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["firstshell", *map(str, words)])
        try:
            cli.main()
            status = 0
        except SystemExit as stop:
            status = stop.code or 0
        return status, *capsys.readouterr()

    return call
