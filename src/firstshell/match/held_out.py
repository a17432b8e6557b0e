"""What right and wrong structures leave unexplained of measured standards: how near is near.

`python validation/rank.py standards` measures it, every standard with the transfers of the other compounds alone, and
writes `held_out.json`.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files

import numpy as np

from firstshell.errors import InputError
from firstshell.types import Array

FILE = "held_out.json"
ENERGY = np.arange(-10.0, 45.0, 1.0)
"""eV from the tabulated K edge that residuals of standards are kept at."""
RESOLUTION = 2.0
"""eV, correlation length of what the standards' covariance does not hold: the width of the core hole."""
LEARNED = 0.8
"""Share of the covariance that is taken from the standards' residuals; they are too few for the whole."""
FLOOR = 0.01
"""Edge steps of noise at each point."""

Key = tuple[str, str]
"""Metal and compound of a standard."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Residuals of standards that had no part in what they were fitted with.

    keys : (n,) metal and compound of each
    residuals : (n, 55) edge steps on `ENERGY`, of the right structure after its best transfer
    rmse : (n,) edge steps, of the same
    distance : (n,) edge steps, how far the right structure is in the quick comparison (`matching.match`)
    wrong : (n, q) edge steps, quantiles of the same distance over wrong structures
    right_rw, wrong_rw : (k,) and (m, q), Rw of PDFs, in the same way
    right_exafs, wrong_exafs : the same of EXAFS
    """

    keys: tuple[Key, ...]
    residuals: Array
    rmse: Array
    distance: Array
    wrong: Array
    right_rw: Array
    wrong_rw: Array
    right_exafs: Array
    wrong_exafs: Array

    def without(self, left_out: Collection[Key]) -> HeldOut:
        """Return the same without some standards, for tests on them."""
        kept = [i for i, key in enumerate(self.keys) if key not in left_out]
        return replace(
            self,
            keys=tuple(self.keys[i] for i in kept),
            residuals=self.residuals[kept],
            rmse=self.rmse[kept],
            distance=self.distance[kept],
            wrong=self.wrong[kept],
        )

    def distances(self, modality: str) -> tuple[Array, Array]:
        """Return distances of correct structures and quantiles of those of wrong ones, by a modality."""
        return {
            "xanes": (self.distance, self.wrong),
            "exafs": (self.right_exafs, self.wrong_exafs),
            "pdf": (self.right_rw, self.wrong_rw),
        }[modality]

    @cached_property
    def weights(self) -> Array:
        """(n,) shares of the standards, adding to one: every compound counts once."""
        share = np.array([1.0 / self.keys.count(key) for key in self.keys])
        return np.asarray(share / share.sum())

    def covariance(self, energy: Array) -> Array:
        """Return the (m, m) covariance of residuals of correct structures at energies in eV from the tabulated edge.

        Beyond `ENERGY` the ends are taken. Without standards only their typical size is used.
        """
        at = np.array([np.interp(energy, ENERGY, row) for row in self.residuals])
        learned = (at * self.weights[:, None]).T @ at
        size = float(np.mean(np.diag(learned)))
        near = np.exp(-0.5 * ((energy[:, None] - energy) / RESOLUTION) ** 2)
        return np.asarray(LEARNED * learned + (1.0 - LEARNED) * size * near + FLOOR**2 * np.eye(len(energy)))

    def percentile(self, rmse: float) -> float:
        """Return the share of correct structures whose residual is larger, 0 to 1."""
        return float(self.weights @ (self.rmse > rmse))

    def percentile_rw(self, rw: float) -> float:
        """Return the same for the Rw of a PDF."""
        return float(np.mean(self.right_rw > rw))

    def to_json(self) -> str:
        """Return it as text."""
        standards = [
            {
                "metal": metal,
                "compound": compound,
                "rmse": round(float(self.rmse[i]), 5),
                "distance": round(float(self.distance[i]), 5),
                "wrong": _rounded(self.wrong[i]),
                "residual": _rounded(self.residuals[i]),
            }
            for i, (metal, compound) in enumerate(self.keys)
        ]
        others = {
            name: {"right": _rounded(right), "wrong": [_rounded(row) for row in wrong]}
            for name, (right, wrong) in ((name, self.distances(name)) for name in ("pdf", "exafs"))
        }
        return json.dumps({"xanes": standards, **others}, separators=(",", ":")).replace('{"metal"', '\n{"metal"')

    @classmethod
    def from_json(cls, text: str) -> HeldOut:
        """Read what `to_json` wrote; InputError where it is something else."""
        try:
            table = json.loads(text)
            rows = table["xanes"]
            found = cls(
                tuple((str(row["metal"]), str(row["compound"])) for row in rows),
                np.array([row["residual"] for row in rows], dtype=float),
                np.array([row["rmse"] for row in rows], dtype=float),
                np.array([row["distance"] for row in rows], dtype=float),
                np.array([row["wrong"] for row in rows], dtype=float),
                np.array(table["pdf"]["right"], dtype=float),
                np.array(table["pdf"]["wrong"], dtype=float),
                np.array(table["exafs"]["right"], dtype=float),
                np.array(table["exafs"]["wrong"], dtype=float),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"no residuals of standards: {error}", remedy="Install firstshell again") from None
        if found.residuals.shape != (len(rows), len(ENERGY)):
            raise InputError("the residuals of standards are not on their grid", remedy="Install firstshell again")
        return found


@cache
def held_out() -> HeldOut:
    """Return the residuals of firstshell's standards."""
    return HeldOut.from_json((files("firstshell.match") / FILE).read_text(encoding="utf-8"))


def _rounded(values: Array) -> list[float]:
    return [round(float(value), 5) for value in values]
