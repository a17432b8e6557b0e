"""Predictors that are trained at first use and kept: where, under which name, and how they are written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from firstshell.config import from_dict, stable_hash, to_dict
from firstshell.dataset.embedded import load_dataset
from firstshell.dataset.table import Dataset
from firstshell.errors import InputError
from firstshell.learn.modelfile import Model, load_model, save_model
from firstshell.measured.channels import Channel, XanesChannel
from firstshell.measured.domain import Likeness
from firstshell.measured.outputs import Outputs
from firstshell.measured.pdf_channel import PdfChannel
from firstshell.measured.pdf_remake import remake
from firstshell.measured.population import Population, default_population
from firstshell.measured.predictor import Predictor, make_predictor
from firstshell.measured.training import Calibration, TrainingParams
from firstshell.modalities.pdf import PdfParams
from firstshell.progress import Reporter
from firstshell.types import Target

EDITION = 1
"""Counts up when the same settings give another model."""


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
    for name in sorted(set(inputs), key=("xanes", "pdf", "dpdf").index):
        if name == "xanes":
            made.append(XanesChannel(population or default_population()))
        else:
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

    Raises InputError when the dataset has too few samples of the metal.
    """
    data = load_dataset() if data is None else data
    channels, params = channels_of(inputs, population, radiation), params or TrainingParams()
    settings = [EDITION, data.hash, metal, [described(c) for c in channels], to_dict(params), version("scikit-learn")]
    name = f"{metal}-{'+'.join(channel.name for channel in channels)}-{stable_hash(settings)[:16]}.skops"
    path = (folder or cache_folder()) / "models" / name
    found = _cached(path)
    if found is not None:
        return found
    if radiation != "xray":
        data = _remade(data, metal, channels, radiation, reporter)
    made = make_predictor(data, metal, channels, params, reporter)
    save_predictor(made, path)
    _cached.cache_clear()
    return made


@lru_cache(maxsize=16)
def _cached(path: Path) -> Predictor | None:
    if not path.is_file():
        return None
    try:
        return load_predictor(path)
    except InputError:  # damaged, or of another version: it is made again
        return None


def save_predictor(made: Predictor, path: str | Path) -> None:
    """Write a predictor, whole or not at all, so that `load_predictor` can audit it."""
    about = {
        "kind": "predictor",
        "metal": made.metal,
        "channels": [described(channel) for channel in made.channels],
        "outputs": to_dict(made.outputs),
        "calibrations": {target.value: to_dict(each) for target, each in made.calibrations.items()},
        "likeness": {name: {"names": each.names, "limit": each.limit} for name, each in made.likeness.items()},
        "dataset": made.dataset,
    }
    arrays = {
        f"{name}/{i}": part.astype(np.float32)
        for name, each in made.likeness.items()
        for i, part in enumerate(each.reference)
    }
    save_model(Model({"forest": made.forest}, about, arrays), path)


def load_predictor(path: str | Path) -> Predictor:
    """Read what `save_predictor` wrote; InputError when it is missing, damaged, crafted, or something else."""
    model = load_model(path)
    try:
        about = model.about
        channels = tuple(_channel(table) for table in about["channels"])
        calibrations = {Target(name): from_dict(Calibration, each) for name, each in about["calibrations"].items()}
        outputs = from_dict(Outputs, about["outputs"])
        likeness = {
            name: Likeness(
                [str(each) for each in table["names"]],
                tuple(model.arrays[key] for key in sorted(model.arrays) if key.startswith(f"{name}/")),
                float(table["limit"]),
            )
            for name, table in about["likeness"].items()
        }
        forest, kinds = model.forests["forest"], {channel.name for channel in channels}
        if about["kind"] != "predictor" or set(calibrations) != set(Target) or kinds != set(likeness):
            raise ValueError("parts are missing")
        if forest.n_outputs_ != outputs.columns(Target.BOND_LENGTH).stop:
            raise ValueError("the forest has other outputs")
        return Predictor(str(about["metal"]), channels, forest, outputs, calibrations, likeness, str(about["dataset"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"this model file holds no predictor: {error}"
        raise InputError(what, remedy="Use one written by firstshell, or train again", file=path) from None


def described(channel: Channel) -> dict[str, Any]:
    """Return the name and the settings of a channel, JSON-able."""
    settings: dict[str, Any] = to_dict(channel)
    return {"name": channel.name} | settings


def _channel(table: dict[str, Any]) -> Channel:
    values = dict(table)
    if values.pop("name") != "xanes":
        return from_dict(PdfChannel, table)
    return from_dict(XanesChannel, values)


def _remade(
    data: Dataset, metal: str, channels: tuple[Channel, ...], radiation: str, reporter: Reporter | None
) -> Dataset:
    """Return the samples of a metal with PDFs of another radiation."""
    part = data.take(np.flatnonzero((data.frame["metal"] == metal).to_numpy()))
    spectra = dict(part.spectra)
    for channel in channels:
        if isinstance(channel, PdfChannel):
            params = replace(PdfParams(), radiation=radiation)
            spectra[channel.name] = remake(part, metal, params, modality=channel.name, reporter=reporter)
    return replace(part, spectra=spectra)
