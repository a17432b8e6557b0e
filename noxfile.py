#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox>=2025.2.9"]
# ///
"""The Makefile's quick tests on every Python that firstshell supports: `nox`, or `nox -s 'quick(3.14)'` for one."""

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))


@nox.session(python=False)
@nox.parametrize("version", PYTHONS, ids=PYTHONS)
def quick(session: nox.Session, version: str) -> None:
    """Run `make quick` in an environment of its own."""
    session.run("make", "quick", f"PYTHON=python{version}", f"VENV=.nox/{version}", external=True)


if __name__ == "__main__":
    nox.main()
