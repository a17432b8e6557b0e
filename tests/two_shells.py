"""EXAFS of made-up structures of one or two shells."""

import numpy as np

from firstshell.dataset.paths import SitePaths
from firstshell.measured.exafs.extract import MeasuredExafs
from firstshell.simulation.exafs import Conditions, chi_under
from firstshell.simulation.feff.paths import PathTable

MESH = np.arange(2.0, 15.1, 0.5)
FINE = np.arange(0.0, 11.01, 0.05)


def sites(first, second):
    """Two shells at distances in Å."""
    length = np.array([first, second])
    legs, flat = np.array([2, 2]), np.ones((2, len(MESH)))
    table = PathTable(
        MESH, MESH, 6.0 * np.ones(len(MESH)), np.array([6.0, 12.0]), length, legs, 0.5 * flat, 0.2 * MESH * flat
    )
    return [SitePaths(1, table)]


def waves(made, e0=0.0, strain=0.0, s02=0.8):
    one = Conditions(*(np.array([value]) for value in (e0, 0.006, 0.0105, 1.0 + strain)))
    late = FINE > 2.0
    chi = np.zeros(len(FINE))
    chi[late] = s02 * chi_under(made[0].table, FINE[late], one)[0]
    return MeasuredExafs("made", "made.xdi", "Cu", FINE, chi)


K = np.concatenate([np.arange(0.0, 6.0, 0.2), np.arange(6.0, 10.0, 0.5), np.arange(10.0, 21.0)])


def one_shell(number, length):
    return PathTable(
        K, K, np.full(len(K), 8.0), np.array([number]), np.array([length]), np.array([2]),
        0.5 * np.exp(-0.1 * K)[None], -0.4 * K[None],
    )  # fmt: skip


class MadePaths:
    """Path tables of a dataset: one shell at each site's bond length."""

    hash = "made"

    def __init__(self, frame):
        sites = frame[frame["level"] == "site"].dropna(subset=["bond_length"])
        self.tables = {
            (row.id, row.metal, int(row.site)): SitePaths(
                int(row.multiplicity), one_shell(float(row.coordination_number), float(row.bond_length))
            )
            for row in sites.itertuples()
        }
