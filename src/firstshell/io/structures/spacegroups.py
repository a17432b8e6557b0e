"""Symmetry operations of a space group from its Hermann–Mauguin name or number, by spglib's table of 530 settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import RLock

import numpy as np
import spglib

from firstshell.types import Array

# spglib's own advice until version 3: raise errors, where the old way warns at every call.
spglib.error.OLD_ERROR_HANDLING = False

RENAMED = {"abm2": "aem2", "aba2": "aea2", "cmca": "cmce", "cmma": "cmme", "ccca": "ccce"}
"""Names before 1992, and what the International Tables call them since."""
_LOCK = RLock()


@contextmanager
def spglib_raises() -> Iterator[None]:
    """Let spglib raise its errors within, which its versions before 3 otherwise report at every call by a warning.

    Its switch for this is one for the whole process: it is set back on leaving, and only one thread at a time sets it.
    """
    with _LOCK:
        before = spglib.error.OLD_ERROR_HANDLING
        spglib.error.OLD_ERROR_HANDLING = False
        try:
            yield
        finally:
            spglib.error.OLD_ERROR_HANDLING = before


def operations(name: str, gamma: float) -> tuple[Array, Array]:
    """Return the (k, 3, 3) rotations and (k, 3) translations of a space group.

    name : "P 21/n", "F d -3 m :2", "R-3c:H", or a number for its standard setting
    gamma : angle of the cell in degrees; it distinguishes hexagonal from rhombohedral axes of an R group

    Raises
    ------
    ValueError : no such space group, or two origins are possible and none is named

    """
    name, _, choice = name.partition(":")
    choice = choice.strip().upper()
    found = _settings().get(_key(name), [])
    if not found:
        raise ValueError(f"{name.strip()[:40]!r} is not a known space group")
    choices = [_setting(hall).choice for hall in found]
    if choices == ["H", "R"] and not choice:
        choice = "H" if abs(gamma - 120) < 0.01 else "R"
    if len(found) > 1:
        found = [hall for hall, setting in zip(found, choices, strict=True) if setting == choice]
    if not found:
        raise ValueError(f"the space group {name.strip()} has the settings {' and '.join(choices)} and none is named")
    with spglib_raises():
        group = spglib.get_symmetry_from_database(found[0])
    assert group is not None
    return np.array(group["rotations"], dtype=np.float64), np.array(group["translations"], dtype=np.float64)


def _setting(hall: int) -> spglib.SpaceGroupType:
    with spglib_raises():
        setting = spglib.get_spacegroup_type(hall)
    assert setting is not None
    return setting


@cache
def _settings() -> dict[str, list[int]]:
    """Return the Hall numbers that a name can mean: one, or the two origins or axes of a setting."""
    settings: dict[str, list[int]] = {}
    standard: dict[int, str] = {}
    for hall in range(1, 531):
        group = _setting(hall)
        *short, long = group.international.split("=")
        names = {long}
        if standard.setdefault(group.number, long) == long:
            names |= {*short, group.international_short, str(group.number)}
        if group.choice.lstrip("-").startswith("b"):  # "P 21/n" without axis means unique axis b
            names.add(long.replace(" 1", ""))
        if group.number >= 200:
            names.add(long.replace("-3", "3"))
        for key in {_key(name) for name in names}:
            settings.setdefault(key, []).append(hall)
    return settings | {old: settings[new] for old, new in RENAMED.items()}


def _key(name: str) -> str:
    return name.replace(" ", "").replace("_", "").lower()
