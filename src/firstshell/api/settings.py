"""Settings of a command: a study.toml, and single values by `--set table.key=value`."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from firstshell.config import did_you_mean, from_dict, read_toml
from firstshell.errors import InputError


def words(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return the parts of a list such as "Fe,Cu", or of one that is a list; none of an empty text."""
    parts = given.split(",") if isinstance(given, str) else given
    return tuple(word for part in parts if (word := part.strip()))


def numbers(given: str | Sequence[float], name: str) -> tuple[float, ...]:
    """Return the numbers of a list such as "0.25,0.5", or of one that is a list; InputError for anything else."""
    try:
        return tuple(float(part) for part in (words(given) if isinstance(given, str) else given))
    except (TypeError, ValueError) as error:
        what = f"{name} = {given!r} are not numbers"
        raise InputError(what, remedy=f"Write them as in --{name} 0.25,0.5,1 ({name}=[0.25, 0.5, 1])") from error


def read_settings(
    config: str | Path | None, changes: Sequence[str], preset: str = "default", *, native: bool = False
) -> dict[str, Any]:
    """Return every table of settings: "study", "cluster", and one for each modality; as the file, then the changes say.

    Settings of [pdf] hold for [dpdf] too, unless [dpdf] changes them.

    native : PDFs stand on their fine grid unless `points` is given
    config : a TOML file with as many of these tables, and of their keys, as differ from the defaults
    changes : "table.key=value", the value as in TOML (a bare word is taken as text)

    Raises InputError for an unknown table or key, naming the nearest one, and a value that does not fit.
    """
    given: dict[str, Any] = read_toml(config) if config else {}
    for change in changes:
        _apply(given, change)
    from firstshell import simulation
    from firstshell.study.plan import StudyPlan

    cluster = given.pop("cluster", {})
    settings: dict[str, Any] = {name: simulation.get(name).Params() for name in simulation.names()}
    settings["study"] = StudyPlan.preset(preset)
    if native:
        settings = {name: native_grid(values) for name, values in settings.items()}
    for name, values in given.items():
        if name not in settings or not isinstance(values, Mapping):
            raise InputError(f"unknown table [{name}]", remedy=did_you_mean(name, settings), file=config)
    first = {simulation.get(name).settings_of for name in simulation.names()} - {""}
    settings |= {name: changed(settings[name], given.pop(name, {}), config) for name in first}
    settings |= {n: settings[other] for n in simulation.names() if (other := simulation.get(n).settings_of)}
    settings |= {name: changed(settings[name], values, config) for name, values in given.items()}
    return settings | {"cluster": cluster}  # checked where it is used: its keys depend on the batch system


def read_plan(config: str | Path | None, changes: Sequence[str], preset: str = "default") -> Any:
    """Return the settings of a study of spectra that are there already.

    Raises InputError as `read_settings`, and for a change of how spectra are simulated, which would change nothing.
    """
    plan = read_settings(config, changes, preset)["study"]
    for change in changes:
        if change.partition(".")[0].strip() != "study":
            what = f"--set {change!r} changes nothing: a study takes spectra as they are in its dataset"
            raise InputError(what, remedy="Give it to the build or import-feff that makes the dataset")
    return plan


def native_grid(params: Any) -> Any:
    """Return the settings without resampling, where a modality has such a choice."""
    names = {field.name for field in fields(params)}
    return replace(params, points=None) if {"points", "rstep"} <= names else params


def changed(default: Any, values: Mapping[str, Any], config: str | Path | None = None) -> Any:
    """Return the dataclass with some of its fields, and of the dataclasses within it, changed."""
    found = {field.name: getattr(default, field.name) for field in fields(default)}
    for key, value in values.items():
        within = isinstance(value, Mapping) and is_dataclass(found.get(key))
        found[key] = changed(found[key], value, config) if within else value
    return from_dict(type(default), found, file=config)


def _apply(given: dict[str, Any], change: str) -> None:
    path, equals, text = change.partition("=")
    *tables, key = path.strip().split(".")
    if not equals or not tables or not all(tables) or not key:
        raise InputError(f"--set {change!r} is not table.key=value", remedy="Write it as in --set pdf.qmax=24")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # a bare word, or what no setting takes
        value = text.strip()
    place = given
    for table in tables:
        place = place.setdefault(table, {})
        if not isinstance(place, dict):
            raise InputError(f"--set {change!r}: {table} is not a table", remedy="Write it as in --set pdf.qmax=24")
    place[key] = value
