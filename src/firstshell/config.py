"""Settings: TOML tables to frozen dataclasses and back, and the hash that names a result."""

import difflib
import hashlib
import json
import math
import tomllib
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from firstshell.errors import InputError

T = TypeVar("T")

MAX_BYTES = 50_000
"""Of a settings file: what a longer one costs to parse grows as the square of its length."""
MAX_SHOWN = 100
"""Characters of a key or value that a message shows."""
MAX_INT = 2**63


def read_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file of at most `MAX_BYTES`; InputError when it is missing, too large or not TOML."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError("a settings file of over 50 kB", remedy="Give a study.toml", file=path)
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the settings: {error}", remedy="Give a study.toml", file=path) from error
    except ValueError as error:  # numbers of thousands of digits included
        raise InputError(f"not TOML: {error}", remedy="Correct the line named", file=path) from None
    except RecursionError:
        raise InputError("not TOML: brackets within brackets", remedy="Give a study.toml", file=path) from None


def from_dict(cls: type[T], table: Mapping[str, Any], *, file: str | Path | None = None) -> T:
    """Build the dataclass `cls` from a table of plain values; tables within it build dataclasses within it.

    Raises InputError for an unknown key (naming the nearest one), a value of another type, and whatever `cls` refuses.
    """
    known = {f.name: f for f in fields(cast(Any, cls)) if f.init}
    hints = get_type_hints(cls)
    given: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise InputError(
                f"unknown setting {shown(key)} in [{cls.__name__}]", remedy=did_you_mean(key, known), file=file
            )
        given[key] = _convert(value, hints[key], f"{cls.__name__}.{key}", file)
    missing = [n for n, f in known.items() if n not in given and f.default is MISSING and f.default_factory is MISSING]
    if missing:
        raise InputError(f"{cls.__name__} lacks {', '.join(missing)}", remedy="Add it", file=file)
    return cls(**given)


def to_dict(value: Any) -> Any:
    """Turn dataclasses, enums, tuples and mappings into what JSON and TOML know.

    Left out are fields with the metadata `local`, which say where and not what, and those with `optional` that are
    None: they came later, and what was stored before them stays the same.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_dict(getattr(value, f.name)) for f in fields(value) if f.init and not _left_out(f, value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(k): to_dict(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [to_dict(v) for v in value]
    return value


def _left_out(field: Field[Any], value: Any) -> bool:
    if field.metadata.get("local"):
        return True
    return bool(field.metadata.get("optional")) and getattr(value, field.name) is None


def portable(value: T) -> T:
    """Return the settings without what is `local`: so that a file from elsewhere cannot name a program to run."""
    return from_dict(type(value), to_dict(value))


def stable_hash(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of `value`: the same in every run, on every machine."""
    text = json.dumps(to_dict(value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def did_you_mean(word: str, known: Any) -> str:
    """Return a remedy that names the nearest of the known words, or all of them."""
    near = difflib.get_close_matches(word[:MAX_SHOWN], list(known), n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Choose from: {', '.join(sorted(known))}"


def shown(value: Any) -> str:
    """Return a value as a message shows it, cut where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of over 4,300 digits, or tables within tables
        return f"a {type(value).__name__} that is too long to show"
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond what a float holds
        return False


def _convert(value: Any, hint: Any, name: str, file: str | Path | None) -> Any:
    """Fit one plain value to one type hint; InputError when it does not fit."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value == "none" and type(None) in args:  # TOML has no null
            return None
        for option in args:
            if is_dataclass(option) and isinstance(value, Mapping):  # what is wrong within it must be reported
                return from_dict(cast(Any, option), value, file=file)
            try:
                return _convert(value, option, name, file)
            except InputError:
                continue
    elif origin is tuple:
        if isinstance(value, list | tuple) and args[1:] == (...,):
            return tuple(_convert(v, args[0], name, file) for v in value)
    elif origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        if isinstance(value, Mapping):
            return {k: _convert(v, args[1], name, file) for k, v in value.items()}
    elif is_dataclass(hint):
        if isinstance(value, Mapping):
            return from_dict(cast(Any, hint), value, file=file)
        if isinstance(value, cast(type, hint)):
            return value
    elif hint is float:
        if isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value):
            return float(value)
    elif hint is int:
        if type(value) is int and abs(value) < MAX_INT:
            return value
    elif hint is type(None):
        if value is None:
            return None
    elif hint is Any or (type(value) is hint) or (origin is not None and value in args):
        return value
    expected = getattr(hint, "__name__", None) if origin is None else str(hint)
    remedy = f"Give a list, such as [{shown(value)}]" if origin is tuple else "Correct the value"
    raise InputError(f"{name} = {shown(value)} is not of type {expected}", remedy=remedy, file=file)
