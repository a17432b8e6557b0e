"""Reader of what feff8l_xsph leaves: phase shifts and matrix elements (phase.pad), atomic absorption (xsect.json).

PAD is FEFF's "packed ASCII data" (Newville, feff85exafs): every real takes `npad` printable characters, base 90.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firstshell.errors import EngineError
from firstshell.types import Array

Complex = NDArray[np.complex128]

MAX_BYTES = 50_000_000


@dataclass(frozen=True, eq=False)
class Phases:
    """What multiple scattering needs of each atom, on FEFF's complex energy mesh; Hartree atomic units.

    fermi : Fermi energy
    edge, emu : the ω of the edge, and the photon energy at the edge: photon energy = ω − edge + emu
    half_width : Γ/2 of the core hole
    energy : (ne,) complex mesh, first `horizontal` points along Im E = Γ/2, the rest straight up from the Fermi level
    horizontal : number of points on the horizontal line
    momentum : (ne,) k(E) relative to the muffin-tin zero, self-energy included, Im k ≥ 0
    shifts : for each unique potential, (ne, lmax+1) complex phase shifts δ_l
    charges : atomic number of each unique potential
    dipole : (2, ne) matrix elements to p3/2 and p1/2, normalised so that |·|² sum to 3
    atomic : (ne,) complex absorption of the embedded atom
    norm : (ne,) its real normalisation
    s02 : many-body amplitude reduction
    """

    fermi: float
    edge: float
    emu: float
    half_width: float
    energy: Complex
    horizontal: int
    momentum: Complex
    shifts: tuple[Complex, ...]
    charges: tuple[int, ...]
    dipole: Complex
    atomic: Complex
    norm: Array
    s02: float


def decode(line: str, npad: int = 8) -> Array:
    """Return the reals of one PAD line, marker included; complex numbers give two reals each.

    Raises EngineError for a line without marker or with a broken number.
    """
    body = line[1:].rstrip("\n")
    if line[:1] not in ("!", "$") or len(body) % npad:
        raise EngineError(f"broken line of packed data: {line[:20]!r}")
    digits = np.frombuffer(body.encode("ascii", "replace"), np.uint8).astype(np.int64).reshape(-1, npad) - 37
    if (digits < 0).any() or (digits > 89).any():
        raise EngineError(f"broken line of packed data: {line[:20]!r}")
    sign = np.where(digits[:, 1] % 2, 1.0, -1.0)
    weights = 90.0 ** -np.arange(3, npad + 1)
    fraction = (digits[:, 1] // 2) / 90.0**2 + digits[:, 2:] @ weights
    return sign * 180.0 * fraction * 10.0 ** (digits[:, 0] - 45)


class _Blocks:
    """The blocks of a PAD file one after the other."""

    def __init__(self, lines: Iterator[str], npad: int) -> None:
        self.lines, self.npad = lines, npad

    def reals(self, count: int) -> Array:
        parts: list[Array] = []
        have = 0
        while have < count:
            part = decode(self.text(), self.npad)
            parts.append(part)
            have += len(part)
        if have != count:
            raise EngineError(f"phase.pad: a block holds {have} numbers instead of {count}")
        return np.concatenate(parts)

    def complexes(self, *shape: int) -> Complex:
        return self.reals(2 * int(np.prod(shape))).view(np.complex128).reshape(shape)

    def text(self) -> str:
        try:
            return next(self.lines)
        except StopIteration:
            raise EngineError("phase.pad ends early") from None


def read_phases(folder: Path) -> Phases:
    """Read phase.pad and xsect.json of `folder`, K edge and no spin.

    Raises EngineError when a file is missing, cut off, or not of a K edge.
    """
    pad, xsect = folder / "phase.pad", folder / "xsect.json"
    for file in (pad, xsect):
        if not file.is_file() or file.stat().st_size > MAX_BYTES:
            raise EngineError(f"feff8l_xsph left no usable {file.name}")
    with pad.open(encoding="ascii", errors="replace") as lines:
        nsp, ne, ne1, _, nph, ihole, _, npad, _ = (int(word) for word in next(lines).split()[:9])
        if nsp != 1 or ihole != 1:
            raise EngineError("phase.pad is not of a K edge without spin")
        blocks = _Blocks(lines, npad)
        _, fermi, _ = blocks.reals(3)
        energy, zero = blocks.complexes(ne), blocks.complexes(ne)
        shifts, charges = [], []
        for _ in range(nph + 1):
            lmax, charge = (int(word) for word in blocks.text().split()[:2])
            # FEFF stores l = -lmax..lmax, negative ones being j = l - 1/2; without spin the others serve.
            shifts.append(blocks.complexes(ne, 2 * lmax + 1)[:, lmax:].copy())
            charges.append(charge)
        dipole = blocks.complexes(8, ne)[:2]
    record = json.loads(xsect.read_text(encoding="utf-8"))
    momentum = np.sqrt(2 * (energy - zero))
    return Phases(
        fermi=float(fermi),
        edge=float(record["edge"]),
        emu=float(record["emu"]),
        half_width=float(energy[0].imag),
        energy=energy,
        horizontal=ne1,
        momentum=np.where(momentum.imag < 0, -momentum, momentum),
        shifts=tuple(shifts),
        charges=tuple(charges),
        dipole=dipole,
        atomic=np.array(record["dum1"]) + 1j * np.array(record["dum2"]),
        norm=np.array(record["xsnorm"], dtype=float),
        s02=float(record["s02"]),
    )
