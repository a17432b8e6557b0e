"""Input files (feff.inp) and result files (xmu.dat) of FEFF, so that people's own inputs and scripts work."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firstshell.elements import element
from firstshell.errors import InputError
from firstshell.io.spectra.text import numbers
from firstshell.simulation.feff.cards import Job, Mesh, Potential, Scf
from firstshell.simulation.feff.surroundings import shell_end
from firstshell.simulation.scattering.absorption import Absorption
from firstshell.types import Array

MAX_BYTES = 5_000_000
WITHOUT_EFFECT = frozenset(["TITL", "CONT", "PRIN", "LDOS", "NLEG", "CRIT", "PCRI", "HEAP", "NSTA", "SS", "END"])
"""First four letters of cards that change nothing in a K-edge XANES from full multiple scattering."""
HANDLED = frozenset(
    ["EDGE", "HOLE", "S02", "EXCH", "SCF", "FMS", "XANE", "CORE", "NOHO", "POLA", "RPAT", "RMAX", "POTE", "ATOM"]
)
"""The same of cards that are used."""
COMMENT = "*#!%"
LARGEST = 1e6
"""No number of an input is larger, whatever its unit."""


@dataclass(frozen=True, eq=False)
class FeffInput:
    """What a feff.inp asks for.

    job : potentials and phase shifts
    members : the atoms of the job within the FMS radius, by index, the absorber first
    fms_radius : in Å
    polarization : unit vector, or None for the average over all directions
    """

    job: Job
    members: NDArray[np.intp]
    fms_radius: float
    polarization: Array | None = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences on what FEFF10 takes in another way; docs/results/xanes.md has by how much."""
        shift = self.job.exchange[1] if len(self.job.exchange) > 1 else 0.0
        if not shift:
            return ()
        return (f"EXCHANGE shifts the edge by {shift:g} eV: expect about 0.7 % of the edge step per eV from FEFF10",)


@dataclass(frozen=True)
class _Line:
    number: int
    words: tuple[str, ...]


def read_feff_inp(file: Path) -> FeffInput:
    """Read a feff.inp of a K-edge XANES.

    Cards that matter and are not handled are refused by name, and so are a calculation without SCF, FMS or XANES, a
    file without END, which may have lost atoms, and an input of ATOMS.

    Raises InputError with the line for anything else that is wrong.
    """
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InputError("the file is too large for a feff.inp", file=file)
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", remedy="Give the path of a feff.inp", file=file) from None
    cards, tables = _split(text, file)
    try:
        return _Interpreter(cards, tables, file).interpret()
    except InputError as error:
        if error.file is None:
            raise InputError(error.what, remedy=error.remedy, file=file) from None
        raise


def _split(text: str, file: Path) -> tuple[dict[str, _Line], dict[str, list[_Line]]]:
    """Part a feff.inp into cards, by their first four letters, and the rows of POTENTIALS and ATOMS."""
    cards: dict[str, _Line] = {}
    tables: dict[str, list[_Line]] = {"POTE": [], "ATOM": []}
    rows: list[_Line] | None = None
    number = 0
    for number, raw in enumerate(text.splitlines(), 1):
        for mark in COMMENT:
            raw = raw.split(mark, 1)[0] if not raw.lstrip().upper().startswith("TITL") else raw
        words = tuple(raw.replace(",", " ").split())
        if not words:
            continue
        if not words[0][0].isalpha():
            if rows is None:
                raise InputError(f"{words[0]!r} is no card", remedy="Cards begin with a letter", file=file, line=number)
            rows.append(_Line(number, words))
            continue
        name = words[0][:4].upper()
        if name == "END":
            return cards, tables
        if name not in HANDLED | WITHOUT_EFFECT:
            raise _unknown(words, rows is tables["ATOM"], text, file, number)
        rows = tables.get(name)
        if name in cards and name not in WITHOUT_EFFECT:
            raise InputError(f"the card {words[0]} is given twice", remedy="Keep one", file=file, line=number)
        cards[name] = _Line(number, words)
    raise InputError(
        "there is no END: the file may have been cut short",
        remedy="If the list of atoms is whole, add END below it",
        file=file,
        line=number or None,
    )


def _unknown(words: tuple[str, ...], among_atoms: bool, text: str, file: Path, number: int) -> InputError:
    """Return the error for a card that is not handled; files of other programs are named for what they are."""
    if words[0].split("=")[0].lower() == "space" or (among_atoms and element(words[0]) and len(words) > 3):
        what, remedy = "this is an input of ATOMS, not of FEFF", "Give the feff.inp that ATOMS writes"
    elif "_cell_length_a" in text:
        what, remedy = "this is a CIF, not an input of FEFF", "firstshell simulate calculates the XANES of a CIF"
    else:
        what, remedy = f"the card {words[0][:20]} is not handled", "Take it out if it does not matter to you"
    return InputError(what, remedy=remedy, file=file, line=number)


class _Interpreter:
    """Turns the cards of one file into a job; each method is a card."""

    def __init__(self, cards: dict[str, _Line], tables: dict[str, list[_Line]], file: Path) -> None:
        self.cards, self.tables, self.file = cards, tables, file

    def interpret(self) -> FeffInput:
        for name, example in (
            ("POTE", "POTENTIALS and its table"),
            ("ATOM", "ATOMS and its table"),
            ("SCF", "SCF 4.5 0 30 0.2 1"),
            ("FMS", "FMS 6.0 0"),
            ("XANE", "XANES 3.7 0.04 0.1"),
        ):
            if name not in self.cards:
                raise InputError(
                    f"the card {example.split()[0]} is missing", remedy=f"Add it: {example}", file=self.file
                )
        self.k_edge()
        positions, kinds = self.atoms()
        fms = self.numbers("FMS", 1, 6)
        distances = np.linalg.norm(positions - positions[0], axis=1)
        self.no_paths(float(distances[1]))
        if len(fms) > 5 and 0 < fms[5] < 2 * fms[0]:
            raise self.error(
                self.cards["FMS"], "FMS limits the distance between atoms (rdirec)", "Leave that number out"
            )
        # FEFF reads coordinates of a few digits: a shell that touches the radius belongs to it as a whole.
        members = np.arange(shell_end(distances, fms[0]))
        xanes = dict(zip(("kmax", "kstep", "estep"), self.numbers("XANE", 0, 3), strict=False))
        job = Job(
            positions,
            kinds,
            self.potentials(),
            self.scf(),
            Mesh(**({"kmax": 8.0, "kstep": 0.07, "estep": 0.0} | xanes)),
            exchange=tuple(self.numbers("EXCH", 1, 4)) if "EXCH" in self.cards else (0, 0.0, 0.0),
            s02=self.s02(),
            core_hole=self.core_hole(),
        )
        return FeffInput(job, members, fms[0], self.polarization())

    def error(self, line: _Line, what: str, remedy: str = "") -> InputError:
        return InputError(what, remedy=remedy, file=self.file, line=line.number)

    def parse(self, line: _Line, words: tuple[str, ...]) -> list[float]:
        try:
            values = numbers(list(words))
        except ValueError:
            raise self.error(line, f"{' '.join(words)!r} is not made of numbers") from None
        if not (np.abs(values) < LARGEST).all():  # NaN too
            raise self.error(line, f"{' '.join(words)!r} is not made of finite numbers")
        return values

    def numbers(self, name: str, least: int, most: int) -> list[float]:
        line = self.cards[name]
        found = self.parse(line, line.words[1:])
        if not least <= len(found) <= most:
            raise self.error(line, f"{line.words[0]} takes {least} to {most} numbers, and {len(found)} are given")
        return found

    def scf(self) -> Scf:
        radius, *rest = self.numbers("SCF", 1, 5)
        shared, iterations, mixing, steps = [*rest, *[0, 30, 0.2, 1][len(rest) :]]
        return Scf(radius, int(iterations), mixing, int(shared), int(steps))

    def k_edge(self) -> None:
        for name, accepted in (("EDGE", {"K", "1"}), ("HOLE", {"1"})):
            line = self.cards.get(name)
            if line is not None and (len(line.words) < 2 or line.words[1].upper() not in accepted):
                raise self.error(line, f"{' '.join(line.words)}: only K edges are calculated", "Give EDGE K")

    def s02(self) -> float:
        if "S02" in self.cards:
            return self.numbers("S02", 1, 1)[0]
        edge = self.cards.get("HOLE", self.cards.get("EDGE"))
        return self.parse(edge, edge.words[2:3])[0] if edge is not None and len(edge.words) > 2 else 1.0

    def core_hole(self) -> bool:
        line = self.cards.get("CORE")
        kind = "FSR" if line is None else " ".join(line.words[1:2]).upper()
        if line is not None and kind not in ("FSR", "NONE"):
            raise self.error(line, f"COREHOLE {kind} is not handled", "Give COREHOLE FSR or COREHOLE NONE")
        return kind == "FSR" and "NOHO" not in self.cards

    def no_paths(self, nearest: float) -> None:
        for name in ("RPAT", "RMAX"):
            if name in self.cards and self.numbers(name, 1, 1)[0] >= nearest:
                line = self.cards[name]
                raise self.error(
                    line, f"{line.words[0]} asks for single paths on top of FMS", f"Give {line.words[0]} -1"
                )

    def polarization(self) -> Array | None:
        if "POLA" not in self.cards:
            return None
        vector = np.array(self.numbers("POLA", 3, 3))
        length = float(np.linalg.norm(vector))
        if length == 0:
            raise self.error(self.cards["POLA"], "the polarization vector is zero")
        return vector / length

    def potentials(self) -> tuple[Potential, ...]:
        found: dict[int, Potential] = {}
        for line in self.tables["POTE"]:
            words = line.words
            if len(words) < 2:
                raise self.error(line, "a potential needs its number and its atomic number")
            tag = words[2:3] if len(words) > 2 and words[2][0].isalpha() else ()
            first = self.parse(line, words[:2])
            kind, charge = int(first[0]), int(first[1])
            if [kind, charge] != first:
                raise self.error(line, f"{' '.join(words[:2])} are not two whole numbers")
            rest = self.parse(line, words[2 + len(tag) :])
            if len(rest) > 3 and rest[3] != 0:
                raise self.error(line, "spin is not handled", "Give spinph 0")
            scf_lmax, fms_lmax, amount = rest[:3] + [-1, -1, 0.01 if kind == 0 else 1.0][len(rest) :]
            found[kind] = Potential(charge, tag[0][:6] if tag else f"Z{charge}", amount, (int(scf_lmax), int(fms_lmax)))
        if sorted(found) != list(range(len(found))) or not found:
            raise self.error(self.cards["POTE"], "potentials must be numbered 0, 1, 2, …, each once")
        return tuple(found[kind] for kind in range(len(found)))

    def atoms(self) -> tuple[Array, NDArray[np.intp]]:
        rows = []
        for line in self.tables["ATOM"]:
            if len(line.words) < 4:
                raise self.error(line, "an atom needs x, y, z and the number of its potential")
            row = self.parse(line, line.words[:4])
            if row[3] != int(row[3]) or not 0 <= row[3] < len(self.tables["POTE"]):
                raise self.error(line, f"there is no potential {line.words[3]}", "Add it to POTENTIALS")
            rows.append(row)
        table = np.array(rows).reshape(-1, 4)
        absorbers = np.flatnonzero(table[:, 3] == 0)
        if len(absorbers) != 1:
            raise self.error(
                self.cards["ATOM"], f"{len(absorbers)} atoms are absorbers", "Give potential 0 to exactly one atom"
            )
        positions = table[:, :3] - table[absorbers[0], :3]
        order = np.argsort(np.linalg.norm(positions, axis=1), kind="stable")
        if len(order) < 2:
            raise self.error(self.cards["ATOM"], "the absorber has no neighbours", "Give at least one more atom")
        return positions[order], table[order, 3].astype(np.intp)


def write_xmu(result: Absorption, header: list[str]) -> str:
    """Return the text of an xmu.dat: `header` behind "# ", then FEFF's columns omega, e, k, mu, mu0, chi."""
    columns = np.column_stack(
        [
            result.energy,
            result.level,
            result.wavenumber,
            result.mu,
            result.background,
            result.mu - result.background,
        ]
    )
    lines = [
        *(f"# {line}" for line in header),
        f"#  Mu={result.fermi:.3E}eV",
        f"#  xsedge+ 50, used to normalize mu {result.step:20.4E}",
        "#  " + "-" * 71,
        "#  omega    e    k    mu    mu0     chi     @#",
    ]
    for energy, level, wavenumber, *rest in columns:
        lines.append(f"{energy:14.5f}{level:14.5f}{wavenumber:10.5f}" + "".join(f"{value:18.10E}" for value in rest))
    return "\n".join(lines) + "\n"
