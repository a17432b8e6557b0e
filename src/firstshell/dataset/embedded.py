"""The dataset that comes with firstshell: where it lies, and whether its spectra can be simulated again.

Its structures are minerals of the American Mineralogist Crystal Structure Database (Downs and Hall-Wallace, Am.
Mineral. 88, 247 (2003)), as larixite distributes it, and crystals made from them; tools/embedded_dataset makes them.
Every spectrum in it was calculated by firstshell, and every structure is in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from firstshell import simulation as modalities
from firstshell.dataset.output import beside
from firstshell.errors import EngineError, InputError

if TYPE_CHECKING:
    from firstshell.dataset.materials import Material
    from firstshell.dataset.table import Dataset
    from firstshell.runtime.executors import Executor
    from firstshell.runtime.progress import Reporter

FOLDER = Path(str(files("firstshell.dataset")))
DATA, MANIFEST = FOLDER / "embedded.parquet", FOLDER / "embedded.json"
PATHS = beside(DATA)
OXIDE = "O"
"""The ligand of what is studied, and what models are trained on, by default."""
FEWEST = 150
"""Oxides of a metal that there must be before it is studied, and models of it are trained, by default."""
LENGTH_TOLERANCE = 1e-9
"""Å that a bond length labelled again may differ by: the last digit of a mean follows from the order of its terms."""


def load_dataset(path: str | Path | None = None) -> Dataset:
    """Return the dataset in a file, or without one the oxides of that which comes with firstshell.

    A material is an oxide here when the first shells of all sites of its metal are of oxygen alone. Metals with fewer
    than `FEWEST` oxides are left out.

    Parameters
    ----------
    path : str or Path, optional
        A .parquet file that `firstshell build`, `import-feff` or `fetch` wrote.

    Returns
    -------
    Dataset
        Labels, spectra and structures.

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
    if path is None:
        return studied(load_everything())
    from firstshell.dataset.table import read_dataset  # pandas: not needed to know which dataset it is

    return read_dataset(path)


def load_everything() -> Dataset:
    """Return the whole dataset that comes with firstshell: sulfides, halides and mixed first shells as well."""
    from firstshell.dataset.table import read_dataset

    return read_dataset(DATA)


def studied(data: Dataset) -> Dataset:
    """Return the oxides of the metals of which there are at least `FEWEST`."""
    oxides = oxides_of(data)
    count = oxides.frame.loc[oxides.frame["level"] == "material", "metal"].value_counts()
    enough = oxides.frame["metal"].isin(count.index[count >= FEWEST])
    return oxides.take(np.flatnonzero(enough))


def oxides_of(data: Dataset) -> Dataset:
    """Return the materials of a dataset, and their sites, whose first shells are of oxygen alone."""
    whole = data.frame[data.frame["level"] == "material"]
    kept = set(whole.loc[whole["ligand"] == OXIDE, ["id", "metal"]].itertuples(index=False, name=None))
    keys = zip(data.frame["id"], data.frame["metal"], strict=True)
    return data.take(np.array([i for i, key in enumerate(keys) if key in kept], dtype=np.int64))


def manifest() -> dict[str, Any]:
    """Return versions, settings, hashes, counts by class and failures of the dataset that comes with firstshell."""
    found: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return found


def materials(
    metals: Sequence[str] = (), data: Dataset | None = None, *, wanted: Iterable[tuple[str, str]] | None = None
) -> list[Material]:
    """Return the materials of a dataset, with the structures that it keeps.

    metals : only those of these; () takes all
    data : the dataset; the whole of that which comes with firstshell by default
    wanted : only these (id, metal); all by default

    Raises InputError where nothing is left, and where the dataset has no structure of a material.
    """
    from firstshell.dataset.materials import Material

    data = load_everything() if data is None else data
    names = None if wanted is None else set(wanted)
    whole = data.frame[data.frame["level"] == "material"]
    states = _site_states(data)
    found = []
    for row in whole.to_dict("records"):
        key = row["id"], row["metal"]
        if (metals and row["metal"] not in metals) or (names is not None and key not in names):
            continue
        how = row["oxidation_state_from"]
        known = None if how == "crystal" else states.get(key, {})
        about = row["origin"], row["group"], row["source"]
        found.append(Material(*key, data.structure(*key), *about, known, how))
    if not found:
        raise InputError("the dataset has none of these materials", remedy=f"It holds {', '.join(data.metals)}")
    return found


def verify(
    count: int,
    data: Dataset | None = None,
    *,
    seed: int | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> str:
    """Simulate and label `count` materials of the dataset again, drawn at random, and say how far they differ from it.

    data : the dataset; the whole of that which comes with firstshell by default
    seed : what the draw follows from; another draw each time when None

    Raises InputError where the dataset keeps no structures, EngineError naming the first difference: labels must be
    equal (lengths within `LENGTH_TOLERANCE`), spectra within the `tolerance` of their modality.
    """
    from firstshell.dataset.pipeline import build_dataset, params_of

    data = load_everything() if data is None else data
    whole = data.frame[data.frame["level"] == "material"]
    if not 1 <= count <= len(whole):
        raise InputError(f"verify = {count} is out of range", remedy=f"Give 1 to {len(whole)}")
    rows = np.sort(np.random.default_rng(seed).choice(len(whole), count, replace=False))
    drawn = [(str(row.id), str(row.metal)) for row in whole.iloc[rows].itertuples()]
    made = materials(data=data, wanted=drawn)
    again = build_dataset(made, params=params_of(data), executor=executor, workers=workers, reporter=reporter)
    worst = _compare(data, again, set(drawn))
    figures = ", ".join(f"{name} {value:.1e}" for name, value in sorted(worst.items()))
    names = "\n".join(f"  {name} ({metal})" for name, metal in drawn)
    return f"{count} materials simulated again:\n{names}\nlabels equal; largest differences: {figures}"


def _site_states(data: Dataset) -> dict[tuple[str, str], dict[int, int | None]]:
    """Return by (id, metal) the oxidation state of each site; of a material without rows of sites, none."""
    import pandas as pd

    found: dict[tuple[str, str], dict[int, int | None]] = {}
    for row in data.frame[data.frame["level"] == "site"].to_dict("records"):
        state = None if pd.isna(row["oxidation_state"]) else int(row["oxidation_state"])
        found.setdefault((row["id"], row["metal"]), {})[int(row["site"])] = state
    return found


def _compare(data: Dataset, again: Dataset, drawn: set[tuple[str, str]]) -> dict[str, float]:
    """Return the largest difference by modality; EngineError where one is too large or a label differs."""
    rows = [i for i, key in enumerate(zip(data.frame["id"], data.frame["metal"], strict=True)) if key in drawn]
    shipped = data.take(np.array(rows))
    keys = ["id", "metal", "level", "site"]
    order = again.frame.reset_index().merge(shipped.frame[keys].reset_index(), on=keys, suffixes=("", "_shipped"))
    if len(order) != len(shipped.frame) or len(again.frame) != len(shipped.frame):
        raise EngineError(
            f"{len(again.frame)} samples were simulated again and {len(shipped.frame)} are in the dataset"
        )
    for name in set(shipped.frame.columns) - set(keys):
        old = shipped.frame[name].iloc[order["index_shipped"]].tolist()
        for place, (a, b) in enumerate(zip(again.frame[name].iloc[order["index"]].tolist(), old, strict=True)):
            if not _equal(name, a, b):
                raise EngineError(f"{order['id'].iloc[place]}: {name} is {a}, in the dataset {b}")
    worst = {}
    for name, values in again.spectra.items():
        difference = np.abs(values[order["index"]] - shipped.spectra[name][order["index_shipped"]]).max(axis=1)
        worst[name] = float(difference.max())
        allowed = modalities.get(name).tolerance
        if worst[name] > allowed:
            sample = order["id"].iloc[int(difference.argmax())]
            raise EngineError(f"{sample}: the {name} differs by {worst[name]:.1e}, allowed are {allowed:.0e}")
    return worst


def _equal(column: str, one: Any, two: Any) -> bool:
    """Whether two entries of a dataset's table are the same; a missing one is the same as a missing one."""
    if column == "bond_length" and one == one and two == two and None not in (one, two):
        return bool(abs(one - two) <= LENGTH_TOLERANCE)
    return str(one) == str(two)
