"""Predictors in files: arrays of numbers and a table of settings, nothing that could be executed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstshell.config import from_dict, to_dict
from firstshell.errors import InputError
from firstshell.prediction.channels import Channel, XanesChannel
from firstshell.prediction.domain import Likeness
from firstshell.prediction.model import Predictor
from firstshell.prediction.non_oxides import Foreign
from firstshell.prediction.outputs import Outputs
from firstshell.prediction.training import Calibration
from firstshell.runtime.store import write_atomic
from firstshell.study.trees import Trees
from firstshell.types import Array, Target

Arrays = dict[str, NDArray[Any]]

ABOUT = "about"
MAX_BYTES = 2**30
REMEDY = "Use one written by firstshell, or train again"


def save_predictor(made: Predictor, path: str | Path) -> None:
    """Write a predictor as a skops file, whole or not at all: for other people, who can audit it."""
    from firstshell.study.modelfile import Model, save_model

    about, arrays = _packed(made)
    save_model(Model({}, about, arrays), path)


def load_predictor(path: str | Path) -> Predictor:
    """Read what `save_predictor` wrote; InputError when it is missing, damaged, crafted, or something else."""
    from firstshell.study.modelfile import load_model

    model = load_model(path)
    return _unpacked(model.about, model.arrays, path)


def keep_predictor(made: Predictor, path: str | Path) -> None:
    """Write a predictor for `kept_predictor`, whole or not at all: as numpy's arrays, which are read in no time."""
    about, arrays = _packed(made)
    content = arrays | {ABOUT: np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)}

    def write(file: Path) -> None:
        with file.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **content)

    write_atomic(path, write)


def kept_predictor(path: str | Path) -> Predictor:
    """Read what `keep_predictor` wrote; InputError when it is missing, damaged, crafted, or something else."""
    try:
        data = Path(path).read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise InputError(f"a model of over {MAX_BYTES / 2**30:.0f} GB", remedy=REMEDY, file=path)
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            arrays = dict(found)
        about = json.loads(arrays.pop(ABOUT).tobytes())
    except InputError:
        raise
    except Exception as error:  # whatever a damaged file makes numpy and zipfile raise
        raise InputError(f"not a model: {type(error).__name__}: {error}", remedy=REMEDY, file=path) from error
    return _unpacked(about, arrays, path)


def described(channel: Channel) -> dict[str, Any]:
    """Return the name and the settings of a channel, JSON-able."""
    settings: dict[str, Any] = to_dict(channel)
    return {"name": channel.name} | settings


def _packed(made: Predictor) -> tuple[dict[str, Any], Arrays]:
    about = {
        "kind": "predictor",
        "metal": made.metal,
        "channels": [described(channel) for channel in made.channels],
        "outputs": to_dict(made.outputs),
        "calibrations": {target.value: to_dict(each) for target, each in made.calibrations.items()},
        "likeness": {name: {"names": each.names, "limit": each.limit} for name, each in made.likeness.items()},
        "foreign": {name: list(each.names) for name, each in made.foreign.items()},
        "dataset": made.dataset,
    }
    arrays = {f"trees/{name}": array for name, array in made.trees.arrays().items()}
    for name, known in made.likeness.items():
        arrays |= {f"{name}/{i}": part.astype(np.float32) for i, part in enumerate(known.reference)}
    for name, beside in made.foreign.items():
        arrays |= {f"foreign/{name}/{i}": part.astype(np.float32) for i, part in enumerate(beside.reference)}
    return about, arrays


def _unpacked(about: Any, arrays: Arrays, path: str | Path) -> Predictor:
    try:
        if about["kind"] != "predictor":
            raise ValueError("it is of another kind")
        channels = tuple(_channel(table) for table in about["channels"])
        likeness = {name: _likeness(name, table, arrays) for name, table in about["likeness"].items()}
        calibrations = {Target(name): from_dict(Calibration, each) for name, each in about["calibrations"].items()}
        if not channels or set(calibrations) != set(Target) or {channel.name for channel in channels} != set(likeness):
            raise ValueError("parts are missing")
        outputs = from_dict(Outputs, about["outputs"])
        own = {name.removeprefix("trees/"): array for name, array in arrays.items() if name.startswith("trees/")}
        trees = Trees.from_arrays(own, sum(len(channel.positions()) for channel in channels))
        if trees.outputs != outputs.columns(Target.BOND_LENGTH).stop:
            raise ValueError("the trees have other outputs")
        foreign = {name: _foreign(name, names, arrays) for name, names in about["foreign"].items()}
        metal, dataset = str(about["metal"]), str(about["dataset"])
        return Predictor(metal, channels, trees, outputs, calibrations, likeness, foreign, dataset)
    except (InputError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"this file holds no predictor: {error}", remedy=REMEDY, file=path) from None


def _likeness(name: str, table: Any, arrays: Arrays) -> Likeness:
    names = [str(each) for each in table["names"]]
    return Likeness(names, _reference(name, names, arrays), float(table["limit"]))


def _foreign(name: str, names: Any, arrays: Arrays) -> Foreign:
    known = tuple(str(each) for each in names)
    return Foreign(known, _reference(f"foreign/{name}", known, arrays))


def _reference(prefix: str, names: Sequence[str], arrays: Arrays) -> tuple[Array, ...]:
    reference = tuple(arrays[key] for key in sorted(arrays) if key.startswith(f"{prefix}/"))
    if not reference or any(part.ndim != 3 or len(part) != len(names) for part in reference):
        raise ValueError("names and spectra do not match")
    if len({part.shape for part in reference}) > 1 or not all(np.isfinite(part).all() for part in reference):
        raise ValueError("spectra of different lengths, or not finite")
    return reference


def _channel(table: Any) -> Channel:
    if table["name"] == "xanes":
        return from_dict(XanesChannel, {key: value for key, value in table.items() if key != "name"})
    from firstshell.prediction.pdf_channel import PdfChannel

    return from_dict(PdfChannel, table)
