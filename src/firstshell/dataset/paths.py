"""Scattering paths of the sites of a dataset, in a second file beside it: what EXAFS under any conditions is made of.

Amplitudes and phases are kept on `MESH` as differences along k in steps of `STEP` (of the logarithm, and in radians):
k²χ(k) is then within 0.005 Å⁻² of that of the whole tables, at a tenth of their size.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.interpolate import CubicSpline

from firstshell.errors import InputError
from firstshell.runtime.store import Record, write_atomic
from firstshell.simulation.feff.paths import PathTable
from firstshell.types import Array

Key = tuple[str, str, int]
"""Material, metal, and index of the site."""


class SitePaths(NamedTuple):
    """The paths of one distinct site, and how many atoms of the cell are like it."""

    multiplicity: int
    table: PathTable


PROTOCOL = 1
KEY = b"firstshell paths"
MESH = np.array(
    [*np.arange(2.0, 4.0, 0.2), *np.arange(4.0, 6.0, 0.4), *np.arange(6.0, 9.0, 0.5), *np.arange(9.0, 15.0)]
)
"""Å⁻¹; points that feff6l's own mesh has."""
STEP = 0.01
FAINTEST = 1e-5
"""Å below which amplitudes are not told apart."""
MAX_BYTES = 2**30
REMAKE = "Build the dataset again with this firstshell"
COLUMNS: dict[str, pa.DataType] = {
    "id": pa.string(),
    "metal": pa.string(),
    "site": pa.int64(),
    "multiplicity": pa.int64(),
    "momentum": pa.list_(pa.float32(), len(MESH)),
    "mean_free_path": pa.list_(pa.float32(), len(MESH)),
    "degeneracy": pa.list_(pa.float32()),
    "length": pa.list_(pa.float32()),
    "legs": pa.list_(pa.int8()),
    "amplitude": pa.list_(pa.int16()),
    "phase": pa.list_(pa.int16()),
}


@dataclass(frozen=True, eq=False)
class Paths:
    """The path tables of a dataset in a file, read when they are first asked for."""

    file: Path

    @cached_property
    def tables(self) -> dict[Key, SitePaths]:
        """Path tables by material, metal and site."""
        return read_paths(self.file)

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of the file."""
        return hashlib.sha256(self.file.read_bytes()).hexdigest()


def recorded(sites: Mapping[int, SitePaths]) -> Record:
    """Return what a store keeps of the paths of a material's sites."""
    amounts = {str(index): site.multiplicity for index, site in sites.items()}
    arrays = {
        f"{index}/{part.name}": getattr(site.table, part.name)
        for index, site in sites.items()
        for part in fields(PathTable)
    }
    return Record({"sites": amounts}, arrays)


def sites_of(record: Record) -> dict[int, SitePaths]:
    """Return the paths of sites that `recorded` put into a record, perhaps beside other things."""
    names = [part.name for part in fields(PathTable)]
    return {
        int(index): SitePaths(amount, PathTable(**{name: record.arrays[f"{index}/{name}"] for name in names}))
        for index, amount in record.meta.get("sites", {}).items()
    }


def write_paths(tables: Mapping[Key, SitePaths], path: Path) -> None:
    """Write path tables; the same tables give the same bytes."""
    rows = [_packed(key, tables[key]) for key in sorted(tables)]
    schema = pa.schema(list(COLUMNS.items()), metadata={KEY: json.dumps({"protocol": PROTOCOL}).encode()})
    table = pa.Table.from_pylist(rows, schema=schema)
    write_atomic(path, lambda place: pq.write_table(table, place, compression="zstd", compression_level=19))


def read_paths(path: Path) -> dict[Key, SitePaths]:
    """Read what `write_paths` wrote; InputError for anything else."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError("path tables of over 1 GB", remedy=REMAKE, file=path)
        table = pq.read_table(path)
        if json.loads((table.schema.metadata or {})[KEY])["protocol"] != PROTOCOL:
            raise InputError("path tables of another protocol", remedy=REMAKE, file=path)
        return dict(_unpacked(row) for row in table.select(list(COLUMNS)).to_pylist())
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise InputError(f"no path tables: {error}", remedy=REMAKE, file=path) from error


def _packed(key: Key, site: SitePaths) -> dict[str, Any]:
    table = site.table

    def at(values: Array) -> Array:
        return np.asarray(CubicSpline(table.k, values, axis=-1)(MESH))

    def coded(values: Array) -> list[int]:
        steps = np.round(values / STEP).astype(np.int64)
        return [int(each) for each in np.diff(steps, axis=1, prepend=0).astype(np.int16).ravel()]

    return {
        "id": key[0],
        "metal": key[1],
        "site": key[2],
        "multiplicity": site.multiplicity,
        "momentum": at(table.momentum),
        "mean_free_path": at(table.mean_free_path),
        "degeneracy": table.degeneracy,
        "length": table.length,
        "legs": table.legs,
        "amplitude": coded(np.log(np.maximum(at(table.amplitude), FAINTEST))),
        "phase": coded(at(table.phase)),
    }


def _unpacked(row: Mapping[str, Any]) -> tuple[Key, SitePaths]:
    """Return key and table of a row; ValueError where it is damaged."""
    momentum, free, degeneracy, length = (
        np.array(row[name], dtype=np.float64) for name in ("momentum", "mean_free_path", "degeneracy", "length")
    )
    shape = len(length), len(MESH)
    amplitude, phase = (
        STEP * np.cumsum(np.array(row[name], dtype=np.int64).reshape(shape), axis=1) for name in ("amplitude", "phase")
    )
    legs = np.array(row["legs"], dtype=np.intp)
    exponent, angle = (np.asarray(each, dtype=np.float64) for each in (amplitude, phase))
    sound = len(degeneracy) == len(legs) == len(length) > 0 and (length > 0).all() and (free > 0).all()
    if not sound or not all(np.isfinite(each).all() for each in (momentum, free, degeneracy, length)):
        raise ValueError(f"the paths of {row['id']!r} are damaged")
    table = PathTable(MESH, momentum, free, degeneracy, length, legs, np.exp(exponent), angle)
    return (str(row["id"]), str(row["metal"]), int(row["site"])), SitePaths(int(row["multiplicity"]), table)
