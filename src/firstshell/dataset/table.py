"""The dataset and its file: one Parquet table, with grids, settings and a hash in its metadata."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from firstshell.config import to_dict
from firstshell.errors import InputError
from firstshell.runtime.spreadsheet import read_csv, write_csv
from firstshell.runtime.store import write_atomic
from firstshell.types import Array, Grid

PROTOCOL = 2
MAX_BYTES = 4 * 2**30
KEY = b"firstshell"
REMAKE = "Make the dataset again with the firstshell that is installed"

COLUMNS: dict[str, pa.DataType] = {
    "id": pa.string(),
    "metal": pa.string(),
    "level": pa.string(),
    "site": pa.int64(),
    "multiplicity": pa.int64(),
    "formula": pa.string(),
    "composition": pa.string(),
    "space_group": pa.int64(),
    "oxidation_state": pa.int64(),
    "coordination_number": pa.int64(),
    "bond_length": pa.float64(),
    "reasons": pa.string(),
    "missing_sites": pa.int64(),
    "source": pa.string(),
    "origin": pa.string(),
    "group": pa.string(),
}
ORIGINS = ("natural", "derived", "given")
EXCLUDED = ("id", "stage", "reason")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples, their labels and their spectra.

    Parameters
    ----------
    frame : DataFrame
        One row a sample, index 0..n-1, columns as in `COLUMNS`: `level` is "material" or "site"; `site` the 0-based
        index of the absorber in its structure (missing at material level); `bond_length` in Å; class labels are missing
        where the sites of a material disagree or the label could not be had, and `reasons` (a JSON object by target)
        says why; `missing_sites` counts the distinct sites of the metal that have no spectrum; `origin` is "natural"
        (as found), "derived" (made from another by substitution) or "given" (a user's); `group` names what was made
        from one parent or measured in one series, "" where nothing is known.
    spectra : dict
        By modality, ndarray of shape (n, points), rows aligned with `frame`.
    grids : dict
        By modality; XANES energies are relative to the metal's tabulated K edge.
    settings : dict
        What it was built with, JSON-able.
    excluded : DataFrame
        What was left out: columns id, stage, reason.

    Examples
    --------
    >>> import firstshell as fs
    >>> data = fs.load_dataset().select("Cu")
    >>> data.metals
    ('Cu',)
    >>> data.spectra["xanes"].shape == (len(data.frame), len(data.grids["xanes"]))
    True

    """

    frame: pd.DataFrame
    spectra: dict[str, Array]
    grids: dict[str, Grid]
    settings: dict[str, Any]
    excluded: pd.DataFrame

    @property
    def metals(self) -> tuple[str, ...]:
        """Metals in the data, in alphabetical order."""
        return tuple(sorted(set(self.frame["metal"])))

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) over labels, spectra, grids and settings."""
        digest = hashlib.sha256()
        head = {"settings": to_dict(self.settings), "grids": {k: [g.quantity, g.unit] for k, g in self.grids.items()}}
        digest.update(json.dumps(head, sort_keys=True).encode())
        # Through Arrow, so that a column hashes the same however pandas stores it.
        for name, column in zip(COLUMNS, _label_columns(self.frame), strict=True):
            digest.update(json.dumps([name, column.to_pylist()]).encode())
        for name in sorted(self.spectra):
            digest.update(name.encode() + self.grids[name].values.tobytes())
            digest.update(np.ascontiguousarray(self.spectra[name]).tobytes())
        return digest.hexdigest()

    def select(self, metal: str, level: str = "material") -> Dataset:
        """Return the samples of one metal at one level.

        Parameters
        ----------
        metal : str
            Element symbol.
        level : {"material", "site"}
            Averages over the sites, or the sites one by one.

        Returns
        -------
        Dataset
            These samples.

        Raises
        ------
        InputError
            When there are none.

        """
        rows = np.flatnonzero((self.frame["metal"] == metal) & (self.frame["level"] == level))
        if rows.size == 0:
            raise InputError(
                f"the dataset has no {level}-level samples of {metal!r}", remedy=f"It holds {', '.join(self.metals)}"
            )
        return self.take(rows)

    def take(self, rows: NDArray[np.integer[Any]]) -> Dataset:
        """Return the samples at these row numbers.

        Parameters
        ----------
        rows : ndarray of int
            Row numbers of `frame`.

        Returns
        -------
        Dataset
            The samples, numbered anew.

        """
        frame = self.frame.iloc[rows].reset_index(drop=True)
        spectra = {name: values[rows] for name, values in self.spectra.items()}
        return Dataset(frame, spectra, self.grids, self.settings, self.excluded)


def make_dataset(
    rows: Sequence[Mapping[str, Any]],
    spectra: Mapping[str, Array],
    grids: Mapping[str, Grid],
    settings: Mapping[str, Any],
    excluded: Sequence[Mapping[str, Any]] = (),
) -> Dataset:
    """Build a dataset from rows of labels (keys of `COLUMNS`, None for what is missing) and arrays of spectra."""
    table = pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in COLUMNS.items()})
    for name, values in spectra.items():
        if values.shape != (len(rows), len(grids[name])) or not np.isfinite(values).all():
            raise InputError(f"the {name} spectra are not {len(rows)} rows of finite numbers on their grid")
    _check_unique(table)
    left_out = pd.DataFrame(list(excluded), columns=list(EXCLUDED))
    return Dataset(_frame(table), dict(spectra), dict(grids), to_dict(settings), left_out)


def write_dataset(data: Dataset, path: str | Path) -> None:
    """Write the Parquet file, and beside it `<name>.excluded.csv`. The same data give the same bytes."""
    path = Path(path)
    columns = dict(zip(COLUMNS, _label_columns(data.frame), strict=True))
    for name, values in sorted(data.spectra.items()):
        flat = pa.array(np.ascontiguousarray(values, dtype=np.float64).ravel())
        columns[name] = pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    header = {
        "protocol": PROTOCOL,
        "settings": data.settings,
        "grids": {
            name: {"quantity": grid.quantity, "unit": grid.unit, "values": grid.values.tolist()}
            for name, grid in data.grids.items()
        },
        "hash": data.hash,
    }
    table = pa.table(columns).replace_schema_metadata({KEY: json.dumps(header, sort_keys=True).encode()})
    write_csv(data.excluded, excluded_path(path))
    write_atomic(path, lambda p: pq.write_table(table, p, compression="zstd"))


def read_dataset(path: str | Path) -> Dataset:
    """Read a dataset file and check its schema, grids, values and hash; whatever is wrong is one InputError."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"a dataset of over {MAX_BYTES / 2**30:.0f} GB", remedy="Split it by metal", file=path)
        with pq.ParquetFile(path) as file:
            table = file.read()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"cannot read the dataset: {error}", remedy=REMAKE, file=path) from error
    header = _header(table, path)
    grids = _grids(header, path)
    spectra = {name: _matrix(table, name, len(grid), path) for name, grid in grids.items()}
    wrong = [n for n, kind in COLUMNS.items() if n not in table.column_names or table.schema.field(n).type != kind]
    if wrong:
        raise InputError(f"columns missing or of another type: {', '.join(wrong)}", remedy=REMAKE, file=path)
    _check_unique(table)
    data = Dataset(_frame(table), spectra, grids, header["settings"], _read_excluded(path))
    if data.hash != header["hash"]:
        raise InputError("the content does not match its hash: the file was changed", remedy=REMAKE, file=path)
    return data


def excluded_path(path: Path) -> Path:
    """Return where the table of what was left out stands."""
    return path.with_suffix(".excluded.csv")


def _check_unique(table: pa.Table) -> None:
    """Raise InputError for a sample that stands twice: it could be trained and tested on."""
    keys = list(zip(*(table.column(name).to_pylist() for name in ("id", "metal", "level", "site")), strict=True))
    if len(set(keys)) < len(keys):
        first = next(key for key in keys if keys.count(key) > 1)
        raise InputError(f"the sample {first[0]!r} ({first[1]}) is there twice", remedy="Keep one of them")


def _label_columns(frame: pd.DataFrame) -> list[pa.Array]:
    return [pa.array(frame[name], kind, from_pandas=True) for name, kind in COLUMNS.items()]


def _frame(table: pa.Table) -> pd.DataFrame:
    integers = {pa.int64(): pd.Int64Dtype()}
    frame: pd.DataFrame = table.select(list(COLUMNS)).to_pandas(types_mapper=integers.get)
    return frame


def _header(table: pa.Table, path: Path) -> dict[str, Any]:
    try:
        header = json.loads((table.schema.metadata or {})[KEY])
        protocol = header["protocol"]
        header["settings"], header["grids"], header["hash"]
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise InputError("not a firstshell dataset: its metadata are missing", remedy=REMAKE, file=path) from error
    if protocol != PROTOCOL:
        raise InputError(
            f"a dataset of protocol {protocol}; this firstshell reads {PROTOCOL}", remedy=REMAKE, file=path
        )
    return dict(header)


def _grids(header: dict[str, Any], path: Path) -> dict[str, Grid]:
    try:
        grids = {
            str(name): Grid(np.array(grid["values"], dtype=float), str(grid["quantity"]), str(grid["unit"]))
            for name, grid in header["grids"].items()
        }
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError("its grids cannot be read", remedy=REMAKE, file=path) from error
    for name, grid in grids.items():
        if grid.values.ndim != 1 or not np.isfinite(grid.values).all() or (np.diff(grid.values) <= 0).any():
            raise InputError(f"the grid of {name} does not increase", remedy=REMAKE, file=path)
    return grids


def _matrix(table: pa.Table, name: str, points: int, path: Path) -> Array:
    """Return the spectra of one modality as a checked (n, points) array."""
    if name not in table.column_names or table.schema.field(name).type != pa.list_(pa.float64(), points):
        raise InputError(f"the {name} spectra are not on their grid of {points} points", remedy=REMAKE, file=path)
    column = table.column(name).combine_chunks()
    values = column.flatten().to_numpy(zero_copy_only=False).reshape(-1, points) if column.null_count == 0 else None
    if values is None or len(values) != table.num_rows or not np.isfinite(values).all():
        raise InputError(f"{name} spectra with missing or infinite values", remedy=REMAKE, file=path)
    return np.array(values)


def _read_excluded(path: Path) -> pd.DataFrame:
    beside = excluded_path(path)
    if not beside.exists():
        return pd.DataFrame(columns=list(EXCLUDED))
    try:
        return read_csv(beside, usecols=list(EXCLUDED))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read it: {error}", remedy=REMAKE, file=beside) from error
