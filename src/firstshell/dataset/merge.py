"""Several datasets of the same settings made one, as the shards of a build."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from firstshell.config import to_dict
from firstshell.dataset.output import check_output
from firstshell.dataset.table import EXCLUDED, Dataset, read_dataset, write_dataset
from firstshell.errors import InputError


def merge_files(paths: Sequence[str | Path], out: str | Path) -> Dataset:
    """Read datasets, merge them and write the whole to `out`.

    Raises InputError when a file is damaged or its settings differ from those of the first, which it names, and when
    there is no sample in any part.
    """
    if not paths:
        raise InputError("no datasets to merge", remedy="Name at least one .parquet file")
    check_output(out)
    parts = [read_dataset(path) for path in paths]
    for path, part in zip(paths, parts, strict=True):
        if to_dict(part.settings) != to_dict(parts[0].settings):
            raise InputError(
                f"built with other settings than {paths[0]}: {_difference(parts[0], part)}",
                remedy="Build all parts with the same settings and versions",
                file=path,
            )
    data = merge(parts)
    if data.frame.empty:
        raise InputError("no part holds a sample", remedy="See what the parts' .excluded.csv say", file=paths[0])
    write_dataset(data, out)
    return data


def merge(parts: Sequence[Dataset]) -> Dataset:
    """Return the samples of all parts, ordered by id, metal, level and site; InputError when one stands twice.

    The parts must have the same settings and grids.
    """
    first = parts[0]
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    order = np.lexsort(
        (
            frame["site"].fillna(-1).to_numpy(np.int64),
            (frame["level"] != "material").to_numpy(),
            frame["metal"].to_numpy(str),
            frame["id"].to_numpy(str),
        )
    )
    names = frame.loc[order, ["id", "metal", "level", "site"]]
    twice = names[names.duplicated()]
    if len(twice):
        raise InputError(
            f"the sample {twice['id'].iloc[0]!r} ({twice['metal'].iloc[0]}) is in two parts",
            remedy="Merge each part once",
        )
    spectra = {name: np.concatenate([part.spectra[name] for part in parts])[order] for name in first.spectra}
    excluded = pd.concat([part.excluded for part in parts], ignore_index=True)
    excluded = excluded.sort_values(list(EXCLUDED), kind="stable", ignore_index=True)
    crystals = {key: crystal for part in parts for key, crystal in part.crystals.items()}
    return Dataset(frame.iloc[order].reset_index(drop=True), spectra, first.grids, first.settings, excluded, crystals)


def _difference(one: Dataset, other: Dataset) -> str:
    """Name the first setting that differs."""
    a, b = _flat(one.settings), _flat(other.settings)
    key = next(key for key in sorted(a.keys() | b.keys()) if a.get(key) != b.get(key))
    return f"{key} is {b.get(key)!r}, not {a.get(key)!r}"


def _flat(settings: object, above: str = "") -> dict[str, object]:
    if not isinstance(settings, dict):
        return {above: settings}
    return {k: v for key, value in settings.items() for k, v in _flat(value, f"{above}.{key}".strip(".")).items()}
