"""Predictors in files, in the cache and elsewhere: arrays of numbers and a table, nothing that could be executed."""

import io
import json
import math
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from firstshell.config import from_dict, to_dict
from firstshell.errors import InputError
from firstshell.measured.xanes.training_grid import ENERGY
from firstshell.prediction.channels import Channel, XanesChannel
from firstshell.prediction.damping import Damping
from firstshell.prediction.domain import Domain
from firstshell.prediction.exafs_channel import ExafsChannel
from firstshell.prediction.model import Predictor
from firstshell.prediction.non_oxides import NonOxides
from firstshell.prediction.outputs import Outputs
from firstshell.prediction.training import Calibration
from firstshell.runtime.store import write_atomic
from firstshell.study.trees import Trees
from firstshell.types import Array, Target

Arrays = dict[str, NDArray[Any]]

PROTOCOL = 6
"""Counts up when earlier files can no longer be read; 1 were archives of skops, 2 had no scores of simulations, 3 had
other names of parts."""
ABOUT = "about"
MAX_BYTES = 500_000_000
"""The largest models of the dataset that comes with firstshell have some 100 MB."""
MAX_DIRECTORY = 100_000
"""Bytes of the directory of the archive; that of a model has some 1,500."""
END = struct.Struct("<4s4H2LH")
"""The end of a zip archive: mark, disks, numbers of parts, size and place of the directory, length of a comment."""
ZIP64 = bytes(20)
"""As long as the mark of archives over 4 GB, which would stand before the end."""
DAMPING = ("centres", "whitening", "shares", "states")
REMEDY = "Use one written by firstshell, or train again"


def save_predictor(made: Predictor, path: str | Path) -> None:
    """Write a predictor for `load_predictor`, whole or not at all."""
    about, arrays = _packed(made)
    content = arrays | {ABOUT: np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)}

    def write(file: Path) -> None:
        with file.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **content)

    write_atomic(path, write)


def load_predictor(path: str | Path) -> Predictor:
    """Read what `save_predictor` wrote.

    Memory is bounded by the size of the file: members are not compressed and do not overlap. Trees and spectra are
    built once they are known to be whole.

    Raises InputError when the file is missing, too large, damaged, crafted, of another protocol, or something else.
    """
    path = Path(path)
    try:
        arrays = _read(path)
        about = json.loads(arrays.pop(ABOUT).tobytes())
        protocol = about["protocol"]
    except InputError as error:
        raise InputError(error.what, remedy=REMEDY, file=path) from None
    except Exception as error:  # whatever a damaged file makes zipfile, numpy and json raise
        raise InputError(f"not a model: {type(error).__name__}: {error}", remedy=REMEDY, file=path) from error
    if protocol != PROTOCOL:
        raise InputError(f"a model of protocol {protocol!r:.20}, not {PROTOCOL}", remedy=REMEDY, file=path)
    return _unpacked(about, arrays, path)


def _read(path: Path) -> Arrays:
    """Return the arrays of a file of `numpy.savez`; what is allocated is not more than the file has bytes."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise InputError(f"a model of over {MAX_BYTES / 1e6:.0f} MB")
    with path.open("rb") as stream:
        _check_directory(stream, size)
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            if any(member.compress_type != zipfile.ZIP_STORED for member in members):
                raise InputError("not a model: its parts are compressed")
            if sum(member.file_size for member in members) > size:
                raise InputError("not a model: its parts overlap")
            return {member.filename.removesuffix(".npy"): _array(archive.read(member)) for member in members}


def _check_directory(stream: IO[bytes], size: int) -> None:
    """Refuse an archive with a directory of more parts than a model has: all of it is read at once."""
    stream.seek(max(0, size - len(ZIP64) - END.size))
    tail = stream.read()
    mark, *_, directory, _, _ = END.unpack(tail[-END.size :])
    if mark != b"PK\x05\x06" or tail.startswith(b"PK\x06\x07"):
        raise InputError("not a model: no plain archive")
    if directory > MAX_DIRECTORY:
        raise InputError("not a model: too many parts")


def _array(data: bytes) -> NDArray[Any]:
    """Return the array of numbers in a file of numpy's, without copying it."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise InputError(f"not a model: an array of version {version}")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.kind not in "iuf":
        raise InputError("not a model: other arrays than of numbers")
    if dtype.itemsize * math.prod(shape) != len(data) - stream.tell():
        raise InputError("not a model: an array of another size than it says")
    return np.frombuffer(data, dtype, offset=stream.tell()).reshape(shape, order="F" if fortran else "C")


def described(channel: Channel) -> dict[str, Any]:
    """Return the name and the settings of a channel, JSON-able."""
    settings: dict[str, Any] = to_dict(channel)
    return {"name": channel.name} | settings


def _packed(made: Predictor) -> tuple[dict[str, Any], Arrays]:
    about = {
        "protocol": PROTOCOL,
        "metal": made.metal,
        "channels": [described(channel) for channel in made.channels],
        "outputs": to_dict(made.outputs),
        "calibrations": {target.value: to_dict(each) for target, each in made.calibrations.items()},
        "domains": {name: {"names": each.names, "limit": each.limit} for name, each in made.domains.items()},
        "non_oxides": {name: list(each.names) for name, each in made.non_oxides.items()},
        "dataset": made.dataset,
    }
    arrays = {f"trees/{name}": array for name, array in made.trees.arrays().items()}
    if made.damping is not None:
        arrays |= {f"damping/{name}": getattr(made.damping, name) for name in DAMPING}
    for name, known in made.domains.items():
        arrays |= {f"{name}/{i}": part.astype(np.float32) for i, part in enumerate(known.reference)}
    for name, others in made.non_oxides.items():
        arrays |= {f"non_oxides/{name}/{i}": part.astype(np.float32) for i, part in enumerate(others.reference)}
    return about, arrays


def _unpacked(about: Any, arrays: Arrays, path: str | Path) -> Predictor:
    try:
        channels = tuple(_channel(table) for table in about["channels"])
        known = {channel.name: channel for channel in channels}
        domains = {name: _domain(known[name], table, arrays) for name, table in about["domains"].items()}
        calibrations = {Target(name): from_dict(Calibration, each) for name, each in about["calibrations"].items()}
        if not channels or set(calibrations) != set(Target) or {channel.name for channel in channels} != set(domains):
            raise ValueError("parts are missing")
        outputs = from_dict(Outputs, about["outputs"])
        own = {name.removeprefix("trees/"): array for name, array in arrays.items() if name.startswith("trees/")}
        trees = Trees.from_arrays(own, sum(len(channel.positions()) for channel in channels))
        if trees.outputs != outputs.count:
            raise ValueError("the trees have other outputs")
        non_oxides = {name: _non_oxides(known[name], names, arrays) for name, names in about["non_oxides"].items()}
        metal, dataset = str(about["metal"]), str(about["dataset"])
        damping = _damping(arrays, len(outputs.oxidation_states))
        return Predictor(metal, channels, trees, outputs, calibrations, damping, domains, non_oxides, dataset)
    except (InputError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise InputError(f"this file holds no predictor: {error}", remedy=REMEDY, file=path) from None


def _damping(arrays: Arrays, states: int) -> Damping | None:
    parts = [arrays.get(f"damping/{name}") for name in DAMPING]
    if all(part is None for part in parts):
        return None
    centres, whitening, shares, known = (np.asarray(part, dtype=float) for part in parts)
    points = len(ENERGY)
    if centres.shape != (len(shares), points) or whitening.shape != (points, points) or not len(shares):
        raise ValueError("what infers the damping is of another shape")
    if known.shape != (len(shares), states):
        raise ValueError("what infers the damping has other oxidation states")
    if not all(np.isfinite(part).all() for part in (centres, whitening, shares, known)) or (shares < 0).any():
        raise ValueError("what infers the damping is not finite")
    return Damping(centres, whitening, shares, known)


def _domain(channel: Channel, table: Any, arrays: Arrays) -> Domain:
    names = [str(each) for each in table["names"]]
    limit = float(table["limit"])
    if not limit > 0:
        raise ValueError("a limit that is not positive")
    return Domain(names, _reference(channel.name, channel, names, arrays), limit)


def _non_oxides(channel: Channel, names: Any, arrays: Arrays) -> NonOxides:
    known = tuple(str(each) for each in names)
    return NonOxides(known, _reference(f"non_oxides/{channel.name}", channel, known, arrays))


def _reference(prefix: str, channel: Channel, names: Sequence[str], arrays: Arrays) -> tuple[Array, ...]:
    reference = tuple(arrays[key] for key in sorted(arrays) if key.startswith(f"{prefix}/"))
    parts, points = channel.reference_shape
    if len(reference) != parts or not names or any(part.ndim != 3 or len(part) != len(names) for part in reference):
        raise ValueError("names and spectra do not match")
    if {part.shape for part in reference} != {(len(names), max(reference[0].shape[1], 1), points)}:
        raise ValueError("spectra of different lengths")
    if not all(part.dtype.kind == "f" and np.isfinite(part).all() for part in reference):
        raise ValueError("spectra that are not finite")
    return reference


def _channel(table: Any) -> Channel:
    if table["name"] == "xanes":
        return from_dict(XanesChannel, {key: value for key, value in table.items() if key != "name"})
    if table["name"] == "exafs":
        return from_dict(ExafsChannel, {key: value for key, value in table.items() if key != "name"})
    from firstshell.prediction.pdf_channel import PdfChannel

    return from_dict(PdfChannel, table)
