"""The dataset that comes with firstshell: where it lies, what it was made from, and whether it can be made again.

It holds oxides of Ti, Mn, Fe and Cu from the American Mineralogist Crystal Structure Database (Downs and Hall-Wallace,
Am. Mineral. 88, 247 (2003)), as larixite distributes it, and oxides derived from them by substitution. Every spectrum
in it was calculated by firstshell.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from firstshell.errors import EngineError, InputError
from firstshell.runtime.progress import Reporter, Silent

if TYPE_CHECKING:
    from firstshell.dataset.materials import Material, Refused
    from firstshell.dataset.table import Dataset
    from firstshell.runtime.executors import Executor
    from firstshell.structures import amcsd

FOLDER = Path(str(files("firstshell.dataset")))
DATA, PLAN, MANIFEST = FOLDER / "embedded.parquet", FOLDER / "embedded.csv", FOLDER / "embedded.json"
TOLERANCES = {"xanes": 1e-4, "pdf": 1e-9, "dpdf": 1e-9}
"""Largest differences that a remade spectrum may have: edge steps, Å⁻², Å⁻²."""
LENGTH_TOLERANCE = 1e-9
"""Å that a remade bond length may differ by: the last digit of a mean hangs on the order of its terms."""


def load_dataset(path: str | Path | None = None) -> Dataset:
    """Return the dataset in a file, or the one that comes with firstshell when no path is given.

    Parameters
    ----------
    path : str or Path, optional
        A .parquet file that `firstshell build`, `import-feff` or `fetch` wrote.

    Returns
    -------
    Dataset
        Labels and spectra.

    Raises
    ------
    InputError
        When the file is missing, damaged or of another protocol.

    Examples
    --------
    >>> import firstshell as fs
    >>> data = fs.load_dataset()
    >>> "Fe" in data.metals
    True

    """
    from firstshell.dataset.table import read_dataset  # pandas: not needed to know which dataset it is

    return read_dataset(DATA if path is None else path)


def manifest() -> dict[str, Any]:
    """Return versions, settings, hashes, counts by class and failures of the dataset that comes with firstshell."""
    found: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return found


def plan(path: Path = PLAN) -> list[tuple[str, str]]:
    """Return the (id, metal) of every material that the dataset was to be made from."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["id"], row["metal"]) for row in csv.DictReader(file)]


def materials(
    metals: Sequence[str] = (), reporter: Reporter | None = None, *, wanted: Iterable[tuple[str, str]] | None = None
) -> tuple[list[Material], list[Refused]]:
    """Return the materials of the plan, made from the mineral database anew, and what could not be made.

    metals : only those of these; () takes all
    wanted : other (id, metal) than the plan's
    """
    chosen = [(name, metal) for name, metal in (plan() if wanted is None else wanted) if not metals or metal in metals]
    if not chosen:
        known = ", ".join(sorted({metal for _, metal in plan()}))
        raise InputError(f"nothing is planned for {', '.join(metals)}", remedy=f"Name one of {known}, or structures")
    from firstshell.dataset.materials import Refused

    reporter = reporter or Silent()
    reporter.start("Structures", len(chosen))
    made: list[Material] = []
    refused: list[Refused] = []
    parents: dict[str, amcsd.Entry] = {}
    try:
        for name, metal in chosen:
            try:
                made.append(material(name, metal, parents))
            except InputError as error:
                refused.append(Refused(name, "structure", error.what))
            reporter.advance()
    finally:
        reporter.finish()
    return made, refused


def material(name: str, metal: str, parents: dict[str, amcsd.Entry] | None = None) -> Material:
    """Return the material that an id stands for: an entry of the mineral database, or one derived from it.

    parents : entries read so far, which is added to
    """
    from firstshell.dataset.materials import Material
    from firstshell.structures import amcsd, substitution

    parents = {} if parents is None else parents
    parent = name.partition("/")[0]
    if parent not in parents:
        parents[parent] = amcsd.read_entry(parent)
    entry = parents[parent]
    if name == parent:
        return Material(name, metal, entry.structure, "natural", entry.series, f"{entry.name}; {entry.reference}")
    derived = substitution.derive(name, entry)
    return Material(name, metal, derived.structure, "derived", derived.series, f"{entry.name}: {derived.change}")


def verify(
    count: int,
    data: Dataset | None = None,
    *,
    seed: int | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> str:
    """Make `count` materials of the dataset again, drawn at random, and say how far they differ from it.

    data : the dataset; that which comes with firstshell by default
    seed : what the draw follows from; another draw each time when None

    Raises EngineError naming the first difference: labels must be equal (lengths within `LENGTH_TOLERANCE`), spectra
    within `TOLERANCES`.
    """
    from firstshell.dataset.pipeline import build_dataset, params_of

    data = load_dataset() if data is None else data
    whole = data.frame[data.frame["level"] == "material"]
    if not 1 <= count <= len(whole):
        raise InputError(f"verify = {count} is out of range", remedy=f"Give 1 to {len(whole)}")
    rows = np.sort(np.random.default_rng(seed).choice(len(whole), count, replace=False))
    drawn = [(str(row.id), str(row.metal)) for row in whole.iloc[rows].itertuples()]
    made, refused = materials(wanted=drawn, reporter=reporter)
    if refused:
        raise EngineError(f"{refused[0].id} cannot be made again: {refused[0].reason}")
    again = build_dataset(made, params=params_of(data), executor=executor, workers=workers, reporter=reporter)
    worst = _compare(data, again, set(drawn))
    figures = ", ".join(f"{name} {value:.1e}" for name, value in sorted(worst.items()))
    names = "\n".join(f"  {name} ({metal})" for name, metal in drawn)
    return f"{count} materials made again:\n{names}\nlabels equal; largest differences: {figures}"


def _compare(data: Dataset, again: Dataset, drawn: set[tuple[str, str]]) -> dict[str, float]:
    """Return the largest difference by modality; EngineError where one is too large or a label differs."""
    rows = [i for i, key in enumerate(zip(data.frame["id"], data.frame["metal"], strict=True)) if key in drawn]
    shipped = data.take(np.array(rows))
    keys = ["id", "metal", "level", "site"]
    order = again.frame.reset_index().merge(shipped.frame[keys].reset_index(), on=keys, suffixes=("", "_shipped"))
    if len(order) != len(shipped.frame) or len(again.frame) != len(shipped.frame):
        raise EngineError(f"{len(again.frame)} samples were made again and {len(shipped.frame)} are in the dataset")
    for name in set(shipped.frame.columns) - set(keys):
        old = shipped.frame[name].iloc[order["index_shipped"]].tolist()
        for place, (a, b) in enumerate(zip(again.frame[name].iloc[order["index"]].tolist(), old, strict=True)):
            if not _equal(name, a, b):
                raise EngineError(f"{order['id'].iloc[place]}: {name} is {a}, in the dataset {b}")
    worst = {}
    for name, values in again.spectra.items():
        difference = np.abs(values[order["index"]] - shipped.spectra[name][order["index_shipped"]]).max(axis=1)
        worst[name] = float(difference.max())
        if worst[name] > TOLERANCES[name]:
            sample = order["id"].iloc[int(difference.argmax())]
            raise EngineError(f"{sample}: the {name} differs by {worst[name]:.1e}, allowed are {TOLERANCES[name]:.0e}")
    return worst


def _equal(column: str, one: Any, two: Any) -> bool:
    """Whether two entries of a dataset's table are the same; a missing one is the same as a missing one."""
    if column == "bond_length" and one == one and two == two and None not in (one, two):
        return bool(abs(one - two) <= LENGTH_TOLERANCE)
    return str(one) == str(two)
