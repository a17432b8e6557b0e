"""FEFF's files.dat and feffNNNN.dat: the scattering paths of one absorbing atom."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from firstshell.errors import InputError
from firstshell.io.spectra.text import numbers
from firstshell.types import Array

LIST = "files.dat"
NAME = r"feff\d{4}\.dat"
RERUN = "Run FEFF again for this site"
COLUMNS = 7
MAX_ROWS = 500
DIGITS = 6e-4
"""How far a number of files.dat may be from that of the path's own file: the former has 3 or 4 decimals."""
RULE = re.compile(r"\s*-{20,}\s*")
ABSORBER = re.compile(r"\s*Abs\s+Z=\s*(\d{1,3})\b.*?(\w+)\s+shell")
LISTED = re.compile(rf"\s*({NAME})\s+(\S.*)")


@dataclass(frozen=True, eq=False)
class FeffPath:
    """One path as FEFF writes it.

    charge : atomic number of the absorber
    legs, degeneracy : 2 legs scatter once; number of equivalent paths
    length : half path length in Å
    columns : (q, 7) k (Å⁻¹), phase of the absorber, amplitude (Å) and phase of the path, reduction, mean free path (Å),
        and real part of the momentum (Å⁻¹)
    """

    charge: int
    legs: int
    degeneracy: float
    length: float
    columns: Array


def parse_run(files: Mapping[str, str], source: str) -> list[FeffPath]:
    """Read the texts of files.dat and of every path of one run, by name; `source` is the run's name in errors.

    Raises InputError for a run without files.dat, files that it does not name or names and that are not there, paths
    that are not as it says, spoilt ones, and those of another edge than K or of different absorbers or wave numbers.
    """
    if LIST not in files:
        raise InputError(f"there is no {LIST} beside the paths", remedy=RERUN, file=source)
    listed = _listed(files[LIST], f"{source}/{LIST}")
    if differ := sorted(listed.keys() ^ (files.keys() - {LIST})):
        what = f"{LIST} names {differ[0]}, which is not there"
        if differ[0] in files:
            what = f"{LIST} does not name {differ[0]}"
        raise InputError(what, remedy=RERUN, file=source)
    paths = {name: parse_path(files[name], f"{source}/{name}") for name in sorted(listed)}
    first = next(iter(paths.values()))
    for name, path in paths.items():
        own = path.degeneracy, float(path.legs), path.length
        if not np.allclose(own, listed[name], rtol=0, atol=DIGITS):
            raise InputError(f"it is not the path that {LIST} describes", remedy=RERUN, file=f"{source}/{name}")
        if path.charge != first.charge or not np.array_equal(path.columns[:, 0], first.columns[:, 0]):
            what = "absorber or wave numbers are not those of the other paths"
            raise InputError(what, remedy=RERUN, file=f"{source}/{name}")
    return list(paths.values())


def parse_path(text: str, source: str) -> FeffPath:
    """Read the text of a feffNNNN.dat; InputError for one that is cut short or not as FEFF writes it."""
    lines = text.splitlines()
    absorber = next((match for line in lines if (match := ABSORBER.match(line))), None)
    if absorber is None or not text.endswith("\n"):
        raise _spoilt(source)
    if absorber[2] != "K":
        raise InputError(f"it is of the {absorber[2]} edge", remedy="Run FEFF for the K edge", file=source)
    try:
        rule = next(i for i, line in enumerate(lines) if RULE.fullmatch(line))
        head = next(i for i, line in enumerate(lines) if "real[2*phc]" in line)
        legs, degeneracy, length = numbers(lines[rule + 1].split()[:3])
        columns = np.array([numbers(line.split()) for line in lines[head + 1 :] if line.strip()])
    except (StopIteration, ValueError, IndexError):
        raise _spoilt(source) from None
    path = FeffPath(int(absorber[1]), int(legs), degeneracy, length, columns)
    if head - rule != path.legs + 3 or not _is_sound(path):
        raise _spoilt(source)
    return path


def _listed(text: str, source: str) -> dict[str, tuple[float, float, float]]:
    """Return degeneracy, legs and half length of each path that a files.dat names."""
    rows = [match for line in text.splitlines() if (match := LISTED.fullmatch(line))]
    try:
        found = {match[1]: numbers(match[2].split()) for match in rows}
    except ValueError:
        raise _spoilt(source) from None
    if not found or len(found) < len(rows) or any(len(row) != 5 for row in found.values()):
        raise _spoilt(source)
    return {name: (row[2], row[3], row[4]) for name, row in found.items()}


def _spoilt(source: str) -> InputError:
    return InputError("cut short, or not as FEFF writes it", remedy=RERUN, file=source)


def _is_sound(path: FeffPath) -> bool:
    """Return whether the numbers of a path can be."""
    columns = path.columns
    if columns.ndim != 2 or columns.shape[1] != COLUMNS or not 4 <= len(columns) <= MAX_ROWS:
        return False
    k, _, amplitude, _, reduction, mean_free_path, momentum = columns.T
    signs = (amplitude >= 0).all() and (reduction > 0).all() and (mean_free_path > 0).all() and (momentum > 0).all()
    inside = 1 <= path.charge <= 118 and 2 <= path.legs <= 20 and 0 < path.degeneracy < 1e5 and 0.3 < path.length < 30
    return bool(np.isfinite(columns).all() and k[0] >= 0 and (np.diff(k) > 0).all() and signs and inside)
