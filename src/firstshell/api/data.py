"""The dataset that models are trained on, however it is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from firstshell.errors import InputError

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset


def training_data(data: Dataset | str | Path | None, with_: Dataset | str | Path = "") -> Dataset:
    """Return a dataset, that of a file, or the embedded one; with another one joined to it where that is named.

    with_ : "embedded", a file or a dataset; "" joins nothing

    Raises InputError when the embedded dataset would be joined to itself, and as `read_dataset` and `joined` do.
    """
    if isinstance(with_, str) and not with_:
        return _loaded(data)
    if data is None:
        shown = with_ if isinstance(with_, str | Path) else "a dataset"
        what = f"--with {shown} adds to a dataset of your own, and none is given"
        raise InputError(what, remedy="Name your dataset, or leave out --with (with_= in Python)")
    from firstshell.dataset.joint import joined

    return joined(_loaded(data), _loaded(None if with_ == "embedded" else with_))


def _loaded(data: Dataset | str | Path | None) -> Dataset:
    from firstshell.dataset.embedded import load_dataset

    return load_dataset(data) if data is None or isinstance(data, str | Path) else data
