"""The dataset and its file: one Parquet table, with grids, settings and a hash in its metadata.

Spectra are kept in single precision, structures with every digit, so that what is simulated from them is the same
again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pymatgen.core.lattice import Lattice
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure

from firstshell import simulation as modalities
from firstshell.config import did_you_mean, to_dict
from firstshell.dataset.output import beside
from firstshell.dataset.paths import Paths
from firstshell.errors import InputError
from firstshell.runtime.html import html_table
from firstshell.runtime.spreadsheet import read_csv, write_csv
from firstshell.runtime.store import write_atomic
from firstshell.types import Array, Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PROTOCOL = 3
WITHOUT_STRUCTURES = 2
"""The protocol before, which is read: double precision, no structures, and not the columns in `SINCE_3`."""
MAX_BYTES = 4 * 2**30
KEY = b"firstshell"
REMAKE = "Make the dataset again with the firstshell that is installed"
BUILD_AGAIN = "Build the dataset again with this firstshell, which keeps structures"

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
    "ligand": pa.string(),
    "oxidation_state_from": pa.string(),
    "reasons": pa.string(),
    "missing_sites": pa.int64(),
    "source": pa.string(),
    "origin": pa.string(),
    "group": pa.string(),
}
SINCE_3 = ("ligand", "oxidation_state_from")
CRYSTAL: dict[str, pa.DataType] = {
    "cell": pa.list_(pa.float64()),
    "species": pa.list_(pa.string()),
    "positions": pa.list_(pa.float64()),
}
"""Columns of the structure; they are empty in the rows of sites. Empty lists of a fixed length are read by pyarrow 26
and later only, so the cell is not one of these."""
FIXED_CELL = pa.list_(pa.float64(), 9)
"""What the cell was at first."""
ORIGINS = ("natural", "decorated", "distorted", "derived", "given")
EXCLUDED = ("id", "stage", "reason")


@dataclass(frozen=True, eq=False)
class Crystal:
    """A structure as a dataset keeps it.

    cell : (3, 3) lattice vectors in Å, one per row
    species : symbols of the n atoms
    positions : (n, 3) fractional coordinates
    """

    cell: Array
    species: tuple[str, ...]
    positions: Array

    @classmethod
    def of(cls, structure: Structure) -> Crystal:
        """Return what is kept of an ordered structure."""
        symbols = tuple(intern(site.species_string) for site in structure)
        return cls(structure.lattice.matrix.copy(), symbols, structure.frac_coords.copy())

    @classmethod
    def parse(cls, record: Mapping[str, Any]) -> Crystal:
        """Return the crystal in a record of `columns`; ValueError when it is none."""
        cell, positions = (np.array(record[name], dtype=np.float64) for name in ("cell", "positions"))
        species = tuple(str(symbol) for symbol in record["species"])
        if cell.size != 9 or not species or positions.size != 3 * len(species):
            raise ValueError("the lists of a structure differ in length")
        cell, positions = cell.reshape(3, 3), positions.reshape(-1, 3)
        if not (np.isfinite(cell).all() and np.isfinite(positions).all() and abs(np.linalg.det(cell)) > 1e-3):
            raise ValueError("a structure has no volume, or numbers that are not finite")
        unknown = [symbol for symbol in species if not Element.is_valid_symbol(symbol)]
        if unknown:
            raise ValueError(f"{unknown[0][:20]!r} is not the symbol of an element")
        return cls(cell, species, positions)

    @property
    def columns(self) -> dict[str, list[Any]]:
        """The values of the columns `CRYSTAL`, JSON-able."""
        return {
            "cell": self.cell.ravel().tolist(),
            "species": list(self.species),
            "positions": self.positions.ravel().tolist(),
        }

    def structure(self) -> Structure:
        """Return it as a pymatgen Structure."""
        return Structure(Lattice(self.cell), list(self.species), self.positions)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples, their labels and their spectra.

    Parameters
    ----------
    frame : DataFrame
        One row a sample, index 0..n-1, columns as in `COLUMNS`: `level` is "material" or "site"; `site` the 0-based
        index of the absorber in its structure (missing at material level); `bond_length` in Å; class labels are missing
        where the sites of a material disagree or the label could not be had, and `reasons` (a JSON object by target)
        says why; `missing_sites` counts the distinct sites of the metal that have no spectrum; `ligand` names the
        elements of the first shell ("O", "Cl+O"), "" where it is not known; `oxidation_state_from` is "crystal" (bond
        valences of all its atoms), "site" (of the metal's alone) or "parent"; `origin` is "natural" (as found),
        "decorated" (whole atoms put on shared positions), "distorted" (another one strained), "derived" (made from
        another by substitution) or "given" (a user's); `group` names what was made from one parent or measured in one
        series, "" where nothing is known.
    spectra : dict
        By modality, ndarray of shape (n, points), rows aligned with `frame`.
    grids : dict
        By modality; XANES energies are relative to the metal's tabulated K edge.
    settings : dict
        What it was built with, JSON-able.
    excluded : DataFrame
        What was left out: columns id, stage, reason.
    crystals : dict
        By (id, metal) the structures; empty where a dataset was made without.
    paths : Paths, optional
        Scattering paths of the sites, from which EXAFS is made; None where a dataset was made without.

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
    crystals: dict[tuple[str, str], Crystal] = field(default_factory=dict)
    paths: Paths | None = None

    @property
    def metals(self) -> tuple[str, ...]:
        """Metals in the data, in alphabetical order."""
        return tuple(sorted(set(self.frame["metal"])))

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) over labels, spectra in single precision, grids, settings and structures."""
        digest = _hash(self, tuple(COLUMNS), np.float32)
        for key in sorted(set(zip(self.frame["id"], self.frame["metal"], strict=True)) & self.crystals.keys()):
            crystal = self.crystals[key]
            digest.update(json.dumps([*key, crystal.species]).encode())
            digest.update(crystal.cell.tobytes() + crystal.positions.tobytes())
        return digest.hexdigest()

    def structure(self, id: str, metal: str) -> Structure:  # noqa: A002
        """Return the structure of a material.

        Parameters
        ----------
        id : str
            The material's.
        metal : str
            The metal that it is in the dataset for.

        Returns
        -------
        pymatgen Structure
            As spectra were simulated from it.

        Raises
        ------
        InputError
            When the dataset has no structure of it.

        """
        if (id, metal) not in self.crystals:
            raise InputError(f"the dataset has no structure of {id!r} ({metal})", remedy=BUILD_AGAIN)
        return self.crystals[id, metal].structure()

    def plot(self, modality: str = "xanes", ax: Axes | None = None) -> Axes:
        """Draw the mean spectrum of each metal, and the range that nine of ten spectra lie in.

        Parameters
        ----------
        modality : str
            One that the dataset holds.
        ax : Axes, optional
            Where to draw; new axes by default.

        Returns
        -------
        Axes
            Where it was drawn.

        Raises
        ------
        InputError
            When the dataset has no such spectra.

        """
        import matplotlib.pyplot as plt

        if modality not in self.spectra:
            raise InputError(f"the dataset has no {modality[:40]!r}", remedy=did_you_mean(modality, self.spectra))
        ax = ax if ax is not None else plt.subplots(layout="constrained")[1]
        grid = self.grids[modality]
        for metal in self.metals:
            own = self.spectra[modality][(self.frame["metal"] == metal).to_numpy()]
            low, high = np.quantile(own, (0.05, 0.95), axis=0)
            (line,) = ax.plot(grid.values, own.mean(axis=0), label=f"{metal} ({len(own)})", lw=1.2)
            ax.fill_between(grid.values, low, high, color=line.get_color(), alpha=0.2, lw=0)
        ax.set(xlabel=grid.label, ylabel=f"{modality}, mean and 90 % of the spectra")
        ax.legend(frameon=False)
        return ax

    def _repr_html_(self) -> str:
        materials = self.frame.drop_duplicates(["id", "metal"])
        origins = [each for each in ORIGINS if (materials["origin"] == each).any()]
        rows = []
        for metal in self.metals:
            own = materials[materials["metal"] == metal]
            sites = (self.frame["metal"] == metal) & (self.frame["level"] == "site")
            rows.append([metal, len(own), sites.sum(), *((own["origin"] == each).sum() for each in origins)])
        return html_table(["Metal", "Materials", "Sites", *origins], rows, "; ".join(self._contents()))

    def _contents(self) -> Iterator[str]:
        for name, grid in self.grids.items():
            first, last = grid.values[[0, -1]]
            yield f"{modalities.show(name)}: {len(grid)} points, {first:g} to {last:g} {grid.unit}"
        if self.paths is not None:
            yield "EXAFS is made of scattering paths when it is needed"
        yield "with structures" if self.crystals else "without structures"
        yield f"left out: {len(self.excluded)} (see .excluded)"

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
            The samples, with new numbers.

        """
        frame = self.frame.iloc[rows].reset_index(drop=True)
        spectra = {name: values[rows] for name, values in self.spectra.items()}
        return Dataset(frame, spectra, self.grids, self.settings, self.excluded, self.crystals, self.paths)


def make_dataset(
    rows: Sequence[Mapping[str, Any]],
    spectra: Mapping[str, Array],
    grids: Mapping[str, Grid],
    settings: Mapping[str, Any],
    excluded: Sequence[Mapping[str, Any]] = (),
    crystals: Mapping[tuple[str, str], Crystal] | None = None,
) -> Dataset:
    """Build a dataset from rows of labels (keys of `COLUMNS`, None for what is missing) and arrays of spectra."""
    table = pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in COLUMNS.items()})
    for name, values in spectra.items():
        if values.shape != (len(rows), len(grids[name])) or not np.isfinite(values).all():
            raise InputError(f"the {name} spectra are not {len(rows)} rows of finite numbers on their grid")
    _check_unique(table)
    left_out = pd.DataFrame(list(excluded), columns=list(EXCLUDED))
    kept = {name: _single(values) for name, values in spectra.items()}
    return Dataset(_frame(table), kept, dict(grids), to_dict(settings), left_out, dict(crystals or {}))


def write_dataset(data: Dataset, path: str | Path) -> None:
    """Write the Parquet file, and beside it `<name>.excluded.csv`. The same data give the same bytes."""
    path = Path(path)
    columns = dict(zip(COLUMNS, _label_columns(data.frame), strict=True))
    columns |= _crystal_columns(data)
    for name, values in sorted(data.spectra.items()):
        flat = pa.array(np.ascontiguousarray(values, dtype=np.float32).ravel())
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
    """Read a dataset file and check its schema, grids, values and hash; whatever is wrong is one InputError.

    A file of the protocol before has no structures, and no ligands.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"a dataset of over {MAX_BYTES / 2**30:.0f} GB", remedy="Split it by metal", file=path)
        with pq.ParquetFile(path) as file:
            table = file.read()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"cannot read the dataset: {error}", remedy=REMAKE, file=path) from error
    header = _header(table, path)
    grids, older = _grids(header, path), header["protocol"] == WITHOUT_STRUCTURES
    number = pa.float64() if older else pa.float32()
    spectra = {name: _matrix(table, name, len(grid), number, path) for name, grid in grids.items()}
    wanted = {n: t for n, t in (COLUMNS | CRYSTAL).items() if not older or n not in (*SINCE_3, *CRYSTAL)}
    found_types = {field.name: CRYSTAL["cell"] if field.type == FIXED_CELL else field.type for field in table.schema}
    wrong = [name for name, kind in wanted.items() if found_types.get(name) != kind]
    if wrong:
        raise InputError(f"columns missing or of another type: {', '.join(wrong)}", remedy=REMAKE, file=path)
    if older:
        for name in SINCE_3:
            table = table.append_column(name, pa.array([""] * table.num_rows))
    _check_unique(table)
    crystals = {} if older else _crystals(table, path)
    paths = Paths(beside(path)) if beside(path).is_file() else None
    data = Dataset(_frame(table), spectra, grids, header["settings"], _read_excluded(path), crystals, paths)
    if older:
        found = _hash(data, tuple(name for name in COLUMNS if name not in SINCE_3), np.float64).hexdigest()
        data = replace(data, spectra={name: _single(values) for name, values in spectra.items()})
    else:
        found = data.hash
    if found != header["hash"]:
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


def _hash(data: Dataset, names: tuple[str, ...], precision: type[np.floating[Any]]) -> hashlib._Hash:
    digest = hashlib.sha256()
    head = {"settings": to_dict(data.settings), "grids": {k: [g.quantity, g.unit] for k, g in data.grids.items()}}
    digest.update(json.dumps(head, sort_keys=True).encode())
    # Through Arrow, so that a column hashes the same however pandas stores it.
    for name, column in zip(COLUMNS, _label_columns(data.frame), strict=True):
        if name in names:
            digest.update(json.dumps([name, column.to_pylist()]).encode())
    for name in sorted(data.spectra):
        digest.update(name.encode() + data.grids[name].values.tobytes())
        digest.update(np.ascontiguousarray(data.spectra[name], dtype=precision).tobytes())
    return digest


def _single(values: Array) -> Array:
    """Return the values as single precision holds them."""
    return values.astype(np.float32).astype(np.float64)


def _crystal_columns(data: Dataset) -> dict[str, pa.Array]:
    """Return the columns of the structures, empty in rows of sites."""
    frame = data.frame
    keys = zip(frame["id"], frame["metal"], frame["level"] == "material", strict=True)
    rows = [data.crystals.get((name, metal)) if whole else None for name, metal, whole in keys]
    columns = [None if crystal is None else crystal.columns for crystal in rows]
    return {
        name: pa.array([None if each is None else each[name] for each in columns], kind)
        for name, kind in CRYSTAL.items()
    }


def _crystals(table: pa.Table, path: Path) -> dict[tuple[str, str], Crystal]:
    found = {}
    for record in table.select(["id", "metal", *CRYSTAL]).to_pylist():
        if record["cell"] is None:
            continue
        try:
            found[record["id"], record["metal"]] = Crystal.parse(record)
        except (TypeError, ValueError) as error:
            raise InputError(f"the structure of {record['id']!r}: {error}", remedy=REMAKE, file=path) from error
    return found


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
    if protocol not in (PROTOCOL, WITHOUT_STRUCTURES):
        known = f"{WITHOUT_STRUCTURES} and {PROTOCOL}"
        raise InputError(f"a dataset of protocol {protocol}; this firstshell reads {known}", remedy=REMAKE, file=path)
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


def _matrix(table: pa.Table, name: str, points: int, number: pa.DataType, path: Path) -> Array:
    """Return the spectra of one modality as a checked (n, points) array."""
    if name not in table.column_names or table.schema.field(name).type != pa.list_(number, points):
        raise InputError(f"the {name} spectra are not on their grid of {points} points", remedy=REMAKE, file=path)
    column = table.column(name).combine_chunks()
    values = column.flatten().to_numpy(zero_copy_only=False).reshape(-1, points) if column.null_count == 0 else None
    if values is None or len(values) != table.num_rows or not np.isfinite(values).all():
        raise InputError(f"{name} spectra with missing or infinite values", remedy=REMAKE, file=path)
    return np.array(values, dtype=np.float64)


def _read_excluded(path: Path) -> pd.DataFrame:
    beside = excluded_path(path)
    if not beside.exists():
        return pd.DataFrame(columns=list(EXCLUDED))
    try:
        return read_csv(beside, usecols=list(EXCLUDED))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read it: {error}", remedy=REMAKE, file=beside) from error
