"""Two datasets for one question: one's own, which is asked about, and another that only helps to train."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from firstshell.config import to_dict
from firstshell.dataset.table import Dataset
from firstshell.errors import InputError

OWN = "own"
"""Column of a joint dataset: whether a sample is one's own."""


def joined(own: Dataset, added: Dataset) -> Dataset:
    """Return own samples, and behind them those of another dataset that may train beside them.

    Added are samples of metals that the own data hold. A material that both hold is taken from the own data. The column
    `OWN` says which is which; both datasets' settings and the added one's hash are kept in the settings.

    Raises InputError when the two have no modality on the same grid, or nothing can be added.
    """
    shared = [name for name in own.spectra if added.grids.get(name) == own.grids[name]]
    other = [name for name in own.spectra if name in added.spectra and name not in shared]
    if not shared or other:
        what = f"the grids of {', '.join(other)} differ" if other else "the two datasets have no spectra in common"
        raise InputError(what, remedy="Build both with the same settings of these spectra")
    frame = added.frame
    mine = set(zip(own.frame["id"], own.frame["metal"], strict=True))
    twice = [key in mine for key in zip(frame["id"], frame["metal"], strict=True)]
    rows = np.flatnonzero(frame["metal"].isin(own.metals).to_numpy() & ~np.array(twice, dtype=bool))
    if not len(rows):
        raise InputError(
            "the other dataset adds nothing", remedy=f"It needs other materials of {', '.join(own.metals)}"
        )
    more = added.take(rows)
    both = pd.concat([own.frame.assign(**{OWN: True}), more.frame.assign(**{OWN: False})], ignore_index=True)
    settings = own.settings | {"joined": {"hash": added.hash, "rows": len(rows), "settings": to_dict(added.settings)}}
    spectra = {name: np.concatenate([own.spectra[name], more.spectra[name]]) for name in shared}
    grids = {name: own.grids[name] for name in shared}
    crystals = more.crystals | own.crystals
    return replace(own, frame=both, spectra=spectra, grids=grids, settings=settings, crystals=crystals)


def own_samples(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Return the (rows,) mask of own samples: all, unless the dataset is a joint one."""
    return frame[OWN].to_numpy(bool) if OWN in frame else np.ones(len(frame), dtype=bool)
