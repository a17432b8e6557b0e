"""All PDFs of one crystal from one pass over its pairs: total, differential, partial, and those of single sites.

With N = Σ o_i atoms per cell, ⟨b⟩ their mean scattering length and ρ0 = N/V, every PDF is
G(r) = Σ_ij w_ij·o_i·o_j·Gauss(r − r_ij)/r_ij − 4π·ρ0·P·r, seen through the Q-range and the resolution. The pairs that
count, their weights w and the share P of the baseline distinguish the PDFs; the methods say which.
"""

import warnings
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from firstshell.errors import DomainWarning, InputError
from firstshell.simulation.pairs.crystal import Crystal
from firstshell.simulation.pairs.kernels import Ints
from firstshell.simulation.pairs.params import PdfParams
from firstshell.simulation.pairs.scattering_lengths import form_factor, scattering_length
from firstshell.simulation.pairs.sums import Atoms, PairSums, Width
from firstshell.simulation.pairs.symmetry import Reduction, reduce_crystal
from firstshell.simulation.pairs.termination import Extent, extent, limit_q, resolution_envelope
from firstshell.types import Array

PAIR_LIMIT = 5e9

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Terms:
    """Pair sums and what their rows and columns are.

    row_kind, kind : kind of each row and of each column
    count : (rows,) atoms in each row
    density : (kinds,) mean number density of each column, Å⁻³
    """

    sums: PairSums
    row_kind: Ints
    kind: Ints
    count: Array
    density: Array


def result_grid(params: PdfParams) -> Array:
    """Return the r grid of the settings in Å."""
    if params.points is not None:
        return np.asarray(params.rmin + np.arange(params.points) * (params.rmax - params.rmin) / params.points)
    first, last = (ceil(r / params.rstep - 1e-9) for r in (params.rmin, params.rmax))
    return np.asarray(np.arange(first, last) * params.rstep)


@dataclass(frozen=True, eq=False)
class _Grids:
    """What follows from the settings alone, and is kept for the next crystal; nothing may be written into its arrays.

    extent : of the calculation
    wanted : (n,) Å, the grid of the settings
    r : (m,) Å, the grid that is Fourier transformed; envelope : (m,) the resolution on it, None for 1
    kept : where on `r` the wanted points stand, None where they lie between
    """

    extent: Extent
    wanted: Array
    r: Array
    envelope: Array | None
    kept: slice | None


@lru_cache(maxsize=16)
def _grids(params: PdfParams, widest: float) -> _Grids:
    """Return the grids for peaks up to `widest` Å (σ)."""
    chosen, wanted = extent(params.rmin, params.rmax, params.rstep, params.qmax, widest), result_grid(params)
    r = chosen.r(chosen.ripples)
    places = wanted / params.rstep - chosen.ripples[0]
    nearest = np.rint(places).astype(int)
    step = nearest[1] - nearest[0] if len(nearest) > 1 else 1
    return _Grids(
        chosen,
        wanted,
        r,
        resolution_envelope(r, params.qdamp) if params.qdamp else None,
        slice(nearest[0], nearest[-1] + 1, step) if np.abs(places - nearest).max() < 1e-6 else None,
    )


class PairDistributions:
    """The PDFs of one crystal; arrays (n,) in Å⁻² on `r`.

    r : (n,) Å, the grid of the settings
    """

    def __init__(self, crystal: Crystal, params: PdfParams, metal: str | None = None) -> None:
        """Make the pass over the pairs; with a metal, the sites of that element are kept apart.

        InputError: the crystal holds no such metal, its scattering lengths cancel, or it has too many pairs.
        """
        self._crystal, self._params, self._metal = crystal, params, metal
        atoms = crystal.atoms
        self._width = Width(params.delta1, params.delta2, params.qbroad)
        diagonal = atoms.u if atoms.u.ndim == 1 else np.diagonal(atoms.u, axis1=1, axis2=2)
        widest = sqrt(2 * diagonal.max() * max(1.0, self._width.factor(params.rmin), self._width.factor(params.rmax)))
        self._grids = _grids(params, widest)
        self._extent = self._grids.extent
        self.r = self._grids.wanted.copy()
        reach = self._extent.pairs[1] * params.rstep
        self._count = float(atoms.occupancy.sum())
        self._density = self._count / atoms.volume
        if len(atoms.positions) * self._density * 4 / 3 * pi * reach**3 > PAIR_LIMIT:
            raise InputError(
                f"{len(atoms.positions)} atoms and rmax = {params.rmax:g} Å make too many pairs",
                remedy="Choose a smaller rmax",
            )

        self._kind_element = np.array(crystal.kind_elements)
        self._kind_share = np.bincount(atoms.kind, atoms.occupancy) / self._count
        self._b = np.array([scattering_length(element, params.radiation) for element in crystal.kind_elements])
        self._b_mean = float(self._b @ self._kind_share)
        if abs(self._b_mean) < 1e-6 * np.abs(self._b).max():
            raise InputError("the neutron scattering lengths of this composition cancel", remedy="Use X-rays")

        if metal is not None:
            self._is(metal)
        reduction = reduce_crystal(atoms, reach)
        kept = reduction.kept
        small = Atoms(reduction.lattice, atoms.positions[kept], atoms.occupancy[kept], atoms.kind[kept], atoms.u[kept])
        self._representative = reduction.representative
        self._rows, row_kind = self._assign_rows(reduction)
        sums = PairSums(small, self._rows, reduction.weight, self._width, self._extent)
        self._warn_of_lost_pair(sums, kept)
        self._reduced_count = float(small.occupancy.sum())
        count = np.asarray(
            np.bincount(self._rows, reduction.weight * small.occupancy, minlength=len(row_kind)), dtype=float
        )
        self._terms = _Terms(sums, row_kind, np.arange(len(self._b)), count, self._kind_share * self._density)

    def total(self) -> Array:
        """Return G(r): w = b_i·b_j/(N·⟨b⟩²) for all pairs, P = 1."""
        return self._pairs_between(np.ones((len(self._b), len(self._b)), dtype=bool), 1.0)

    def partial(self, a: str, b: str) -> Array:
        """Return the part of the total from pairs of two elements, both orders; the partials add up to the total.

        w as in the total, P = c_a² for equal elements and 2·c_a·c_b else.
        """
        is_a, is_b = self._is(a), self._is(b)
        share = self._share(a) * self._share(b) * (1 if a == b else 2)
        return self._pairs_between(np.outer(is_a, is_b) | np.outer(is_b, is_a), share)

    def differential(self, metal: str) -> Array:
        """Return the differential PDF of an element, in the normalization of the settings.

        masked : total − G with all pairs of the metal left out. P = 1 − (1 − c)², c the metal's share of the atoms
        masked-bweighted : the same with x = c·b/⟨b⟩ in place of c, so that no slope remains
        differential : w = b_j/(N_metal·⟨b⟩) for i of the metal, P = 1 (Price & Saboungi, PRL 81 (1998) 3207)
        """
        is_metal = self._is(metal)
        share = float(self._kind_share[is_metal].sum())
        if self._params.normalization == "differential":
            select = np.zeros((len(self._terms.row_kind), len(self._b)))
            select[is_metal[self._terms.row_kind]] = 1
            return self._seen(self._terms, select / (select[:, 0] @ self._terms.count), 1.0, around=True)
        if self._params.normalization == "masked-bweighted":
            share *= scattering_length(metal, self._params.radiation) / self._b_mean
        return self._pairs_between(is_metal[:, None] | is_metal, 1 - (1 - share) ** 2)

    def site(self, *indices: int) -> Array:
        """Return the PDF around the metal on one site of the structure, or the mean over several.

        w = b_j/⟨b⟩ for i the site, P = 1: independent of the choice of cell and without slope. The mean over all sites
        of all elements, each weighted by its b, is the total.
        """
        return self._seen(self._terms, self._select_sites(indices), 1.0, around=True)

    def site_differential(self, *indices: int) -> Array:
        """Return the differential PDF of the metal on one site, or the mean over several, as the settings normalize it.

        masked : N·(total − G with the site left out) in a cell of N → ∞ atoms: w = 2·b_i·b_j/⟨b⟩², P = 2
        masked-bweighted : the same with P = 2·b_i/⟨b⟩
        differential : the same as `site`
        """
        if self._params.normalization == "differential":
            return self.site(*indices)
        weighted = self._params.normalization == "masked-bweighted"
        b = scattering_length(self._required_metal(), self._params.radiation)
        return self._seen(self._terms, 2 * self._select_sites(indices), 2 * b / self._b_mean if weighted else 2.0)

    def masked_site(self, index: int) -> Array:
        """Return total − G with the metal on one site left out, in the cell as it is given: this depends on the cell.

        w as in the total, P = 1 − (1 − o_i/N)².
        """
        atoms, entry = self._crystal.atoms, self._entry(index)
        one = [entry]
        alone = Atoms(
            atoms.lattice, atoms.positions[one], atoms.occupancy[one], np.zeros(1, dtype=np.int64), atoms.u[one]
        )
        images = PairSums(alone, alone.kind, np.ones(1), self._width, self._extent)
        share = float(atoms.occupancy[entry]) / self._count
        kind = atoms.kind[one]
        own = _Terms(images, kind, kind, alone.occupancy, np.array([share * self._density]))
        # Pairs with its own images stand in both rows of the site, but only once in the total.
        own_pairs = self._seen(own, np.full((1, 1), 1 / self._count), share**2)
        return self._seen(self._terms, 2 * share * self._select_sites((index,)), 2 * share) - own_pairs

    def _pairs_between(self, kinds: Bools, share: float) -> Array:
        """Return the part of the total from the pairs of kinds that are marked; kinds : (K, K) symmetric."""
        return self._seen(self._terms, kinds[self._terms.row_kind] / self._reduced_count, share)

    def _seen(self, terms: _Terms, select: Array, share: float, around: bool = False) -> Array:
        """Weight the sums by scattering lengths, take off the mean density and look through Q-range and resolution.

        select : (rows, kinds) what a row counts before scattering; share : P
        around : the first atom of a pair does not scatter, w = b_j/⟨b⟩ instead of b_i·b_j/⟨b⟩²
        """
        params, r = self._params, self._grids.r
        own, neighbour = self._b[terms.row_kind] / self._b_mean, self._b[terms.kind] / self._b_mean
        weights = neighbour if around else own[:, None] * neighbour
        raw = terms.sums.combine(select * weights) - 4 * pi * self._density * share * r
        g = limit_q(raw, self._extent, params.qmin, params.qmax)
        if params.fq and params.radiation == "xray":
            g = g + self._form_factor_change(terms, select, around)
        if self._grids.envelope is not None:
            g = g * self._grids.envelope
        if self._grids.kept is not None:
            return np.array(g[self._grids.kept])
        return np.asarray(CubicSpline(r, g)(self.r))

    def _form_factor_change(self, terms: _Terms, select: Array, around: bool) -> Array:
        """Return what f(Q) changes: each element pair is weighted in Q space by w(Q) − w(0) (Faber & Ziman, 1965).

        The mean density of each pair is taken off first, so that the end of the grid does not ring.
        """
        # Nothing beyond qmax counts, and the tables of form factors end there.
        q, r = np.minimum(self._extent.q, self._params.qmax), self._grids.r
        row_elements, elements = self._kind_element[terms.row_kind], self._kind_element[terms.kind]
        f = {element: form_factor(element, q) for element in np.unique(self._kind_element)}
        mean = sum(share * f[element] for share, element in zip(self._kind_share, self._kind_element, strict=True))
        change = np.zeros(len(r))
        for a in np.unique(row_elements):
            for b in np.unique(elements):
                part = select * np.outer(row_elements == a, elements == b)
                if part.any():
                    weight = f[b] / mean if around else f[a] * f[b] / mean**2
                    density = terms.count @ part @ terms.density
                    around_mean = terms.sums.combine(part) - 4 * pi * density * r
                    change += limit_q(
                        around_mean, self._extent, self._params.qmin, self._params.qmax, weight - weight[0]
                    )
        return change

    def _assign_rows(self, reduction: Reduction) -> tuple[Ints, Ints]:
        """Return the row of each kept atom, and the kind of each row: a row per kind, and one per site of the metal."""
        kinds = self._crystal.atoms.kind[reduction.kept]
        rows, row_kind = kinds.copy(), list(range(len(self._crystal.kind_elements)))
        if self._metal is not None:
            for place in np.flatnonzero(reduction.weight * self._is(self._metal)[kinds]):
                rows[place] = len(row_kind)
                row_kind.append(int(kinds[place]))
        return rows, np.array(row_kind)

    def _select_sites(self, indices: tuple[int, ...]) -> Array:
        """Return the (rows, kinds) selection that is the mean around sites of the structure, per atom."""
        if not indices:
            raise InputError("no site is named", remedy="Give the index of a site of the metal")
        select = np.zeros((len(self._terms.row_kind), len(self._b)))
        for index in indices:
            row = self._rows[self._representative[self._entry(index)]]
            select[row] += 1 / (len(indices) * self._terms.count[row])
        return select

    def _entry(self, index: int) -> int:
        metal = self._required_metal()
        for entry, site in enumerate(self._crystal.sites):
            if site == index and self._crystal.kind_elements[self._crystal.atoms.kind[entry]] == metal:
                return entry
        raise InputError(f"site {index} holds no {metal}", remedy=f"Give the index of a site of {metal}, from 0")

    def _required_metal(self) -> str:
        if self._metal is None:
            raise InputError(
                "sites were not kept apart in this calculation", remedy="Name the metal when calling pdf_family"
            )
        return self._metal

    def _is(self, element: str) -> Bools:
        found = self._kind_element == element
        if not found.any():
            held = ", ".join(sorted(set(self._crystal.kind_elements)))
            raise InputError(f"the structure holds no {element}", remedy=f"Choose from: {held}")
        return np.asarray(found)

    def _share(self, element: str) -> float:
        return float(self._kind_share[self._is(element)].sum())

    def _warn_of_lost_pair(self, sums: PairSums, kept: Ints) -> None:
        if sums.lost is None:
            return
        a, b = (self._crystal.kind_elements[self._crystal.atoms.kind[kept[i]]] for i in sums.lost.atoms)
        settings = ", ".join(f"{n} = {v:g}" for n in ("delta1", "delta2") if (v := getattr(self._params, n)) > 0)
        warnings.warn(
            f"the pair {a}–{b} at {sums.lost.distance:.3f} Å has no peak: {settings} makes its width vanish",
            DomainWarning,
            stacklevel=4,
        )
