"""Predictors that are trained at first use and kept: where, and under which name."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from firstshell.config import stable_hash, to_dict
from firstshell.dataset import embedded
from firstshell.elements import k_edge
from firstshell.errors import InputError, SlowWarning
from firstshell.measured.xanes.population import Population, default_population
from firstshell.prediction import non_oxides
from firstshell.prediction.channels import Channel, XanesChannel
from firstshell.prediction.exafs_channel import ExafsChannel
from firstshell.prediction.model import Predictor, make_predictor
from firstshell.prediction.model_file import described, load_predictor, save_predictor
from firstshell.prediction.training import TrainingParams
from firstshell.runtime.progress import Reporter

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset

__all__ = ["cache_folder", "channels_of", "load_predictor", "predictor", "save_predictor"]

EDITION = 10
"""Counts up when the same settings give another model."""
MOST = 16
"""Predictors that stay in memory."""
INPUTS = ("xanes", "pdf", "dpdf", "exafs")
"""What can be measured, in the order in which predictors have them; EXAFS has predictors of its own."""


EXAFS_TRAINING = TrainingParams(copies=1, max_features=20)
"""Samples of EXAFS are copies already, one for each condition; a forest sees a quarter of the features of XANES."""


def cache_folder() -> Path:
    """Return where models are kept: FIRSTSHELL_CACHE, or the user's cache folder."""
    given = os.environ.get("FIRSTSHELL_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(base) / "firstshell"


def channels_of(
    inputs: Sequence[str], population: Population | None = None, radiation: str = "xray"
) -> tuple[Channel, ...]:
    """Return the channels of a list of modalities, in the order in which predictors have them.

    population : transfers of XANES; firstshell's standards by default

    Raises InputError for a modality that no measurement is known of.
    """
    made: list[Channel] = []
    unknown = set(inputs) - set(INPUTS)
    if unknown or not inputs:
        what = f"there is no model of {' + '.join(sorted(unknown)) or 'nothing'}"
        raise InputError(what, remedy=f"Choose from: {', '.join(INPUTS)}")
    for name in sorted(set(inputs), key=INPUTS.index):
        if name == "xanes":
            made.append(XanesChannel(population or default_population()))
        elif name == "exafs":
            made.append(ExafsChannel())
        else:
            from firstshell.prediction.pdf_channel import PdfChannel

            made.append(PdfChannel(name, radiation))
    return tuple(made)


def predictor(
    metal: str,
    inputs: Sequence[str],
    *,
    data: Dataset | None = None,
    population: Population | None = None,
    radiation: str = "xray",
    params: TrainingParams | None = None,
    folder: Path | None = None,
    reporter: Reporter | None = None,
) -> Predictor:
    """Return the predictor of a metal for a set of inputs: from the cache, or trained now and kept there.

    data : what it is trained on; the dataset that comes with firstshell by default
    folder : of the cache; see `cache_folder`

    Warns (SlowWarning) where the cache cannot be written.

    Raises InputError when the dataset has too few samples of the metal.
    """
    k_edge(metal)  # is it an element at all: its name becomes part of a path
    known = embedded.manifest()["oxides"]["hash"] if data is None else data.hash
    population = (population or default_population()).of_metal(metal)
    channels = channels_of(inputs, population, radiation)
    params = params or (EXAFS_TRAINING if "exafs" in inputs else TrainingParams())
    how = [[described(channel) for channel in channels], to_dict(params), non_oxides.non_oxide_names(metal, ())]
    if any(channel.name != "xanes" for channel in channels):  # compared with compounds of the embedded dataset
        how.append(embedded.manifest()["hash"])
    paths = [_paths_hash(data)] if "exafs" in inputs else []
    settings = [EDITION, known, metal, *how, *paths, version("scikit-learn")]
    name = f"{metal}-{'+'.join(channel.name for channel in channels)}-{stable_hash(settings)[:16]}.npz"
    path = (folder or cache_folder()) / "models" / name
    found = _cached(path) or _unkept.get(path)
    if found is not None:
        return found
    data = embedded.load_dataset() if data is None else data
    if radiation != "xray":
        data = _remade(data, metal, channels, radiation, reporter)
    made = make_predictor(data, metal, channels, params, reporter)
    _keep(made, path)
    return made


def _paths_hash(data: Dataset | None) -> str:
    """Return the hash of the scattering paths of a dataset, "" where it has none."""
    if data is None:
        return hashlib.sha256(embedded.PATHS.read_bytes()).hexdigest()
    return "" if data.paths is None else data.paths.hash


def _keep(made: Predictor, path: Path) -> None:
    """Write a predictor to the cache; SlowWarning where that cannot be written, for the answer is there."""
    try:
        save_predictor(made, path)
    except InputError as error:
        what = f"the model cannot be kept, and is trained again next time ({error.what})"
        warnings.warn(f"{path}: {what}. Set FIRSTSHELL_CACHE to a writable folder", SlowWarning, stacklevel=3)
        while len(_unkept) >= MOST:
            _unkept.pop(next(iter(_unkept)), None)
        _unkept[path] = made
    _cached.cache_clear()


_unkept: dict[Path, Predictor] = {}
"""What could not be written, for the rest of this process."""


@lru_cache(maxsize=MOST)
def _cached(path: Path) -> Predictor | None:
    try:
        return load_predictor(path) if path.is_file() else None
    except (InputError, OSError):  # damaged, of another version, or not to be read: it is made again
        return None


def _remade(
    data: Dataset, metal: str, channels: tuple[Channel, ...], radiation: str, reporter: Reporter | None
) -> Dataset:
    """Return the samples of a metal with PDFs of another radiation."""
    from firstshell.prediction.pdf_remake import remake
    from firstshell.simulation.pdf import PdfParams

    part = data.take(np.flatnonzero((data.frame["metal"] == metal).to_numpy()))
    spectra = dict(part.spectra)
    for channel in channels:
        if channel.name != "xanes":
            params = replace(PdfParams(), radiation=radiation)
            spectra[channel.name] = remake(part, metal, params, modality=channel.name, reporter=reporter)
    return replace(part, spectra=spectra)
