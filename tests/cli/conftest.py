"""What tests of commands share."""

import sys

import pytest

from firstshell import cli


@pytest.fixture
def run(monkeypatch, capsys):
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
