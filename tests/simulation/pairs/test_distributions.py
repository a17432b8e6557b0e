"""The pair sum against a plain double loop, its invariances, and pdffit2."""

import io
from functools import cache

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.core.operations import SymmOp

from firstshell.errors import DomainWarning
from firstshell.simulation.pairs import distributions as pair_distributions
from firstshell.simulation.pairs.lattice import lower_triangular, reduced
from firstshell.simulation.pairs.scattering_lengths import scattering_length
from firstshell.simulation.pairs.symmetry import Reduction, reduce_crystal
from firstshell.simulation.pdf import PdfParams, pdf_family
from pdf_crystals import rutile, spinel, triclinic

WIDE = {"points": None, "rmax": 6.0, "rstep": 0.02}
SETTINGS = [
    PdfParams(**WIDE),
    PdfParams(
        **WIDE,
        delta2=1.5,
        qbroad=0.02,
        qmax=24,
        qmin=0.6,
        qdamp=0.03,
        uiso={"Cu": 0.004, "Ti": 0.006, "O": 0.01, "Fe": 0.005},
    ),
    PdfParams(
        **WIDE,
        radiation="neutron",
        normalization="differential",
        uiso={"Cu": 0.004, "Ti": 0.006, "O": 0.01, "Fe": 0.005},
    ),
    PdfParams(**WIDE, fq=True, normalization="masked-bweighted"),
]


def apart(structure):
    """The same cell with its atoms at least 1.5 Å apart, so that every peak keeps a positive width."""
    rng = np.random.default_rng(5)
    chosen = []
    while len(chosen) < len(structure):
        place = rng.random(3)
        if all(structure.lattice.get_distance_and_image(place, other)[0] > 1.5 for other in chosen):
            chosen.append(place)
    return Structure(structure.lattice, structure.species, chosen)


def plain(structure, params, tensors):
    """Total G(r) without termination by a double loop over atoms and images, following the equations word by word."""
    lattice, r = structure.lattice.matrix, np.arange(0, params.rmax, params.rstep)
    entries = [(site.frac_coords @ lattice, s.symbol, o, u) for site, u in zip(structure, tensors, strict=True)
               for s, o in site.species.items()]  # fmt: skip
    b = [scattering_length(e[1], params.radiation) for e in entries]
    count = sum(e[2] for e in entries)
    mean = sum(bi * e[2] for bi, e in zip(b, entries, strict=True)) / count
    span = np.arange(-9, 10)
    images = np.stack(np.meshgrid(span, span, span), axis=-1).reshape(-1, 3) @ lattice
    g = np.zeros(len(r))
    for bi, (xi, _, oi, ui) in zip(b, entries, strict=True):
        for bj, (xj, _, oj, uj) in zip(b, entries, strict=True):
            for vector in xj + images - xi:
                d = np.linalg.norm(vector)
                if 1e-6 < d < params.rmax + 1.5:
                    n = vector / d
                    factor = 1 - params.delta1 / d - params.delta2 / d**2 + (params.qbroad * d) ** 2
                    sigma = np.sqrt(n @ (ui + uj) @ n * factor)
                    peak = np.exp(-(((r - d) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))
                    low, high = np.floor((d + np.array([-1, 1]) * np.sqrt(-2 * np.log(3.33e-6)) * sigma) / params.rstep)
                    index = np.arange(len(r))
                    g += bi * bj * oi * oj * np.where((index >= low) & (index <= high), peak, 0) / d
    return g / (count * mean**2) - 4 * np.pi * count / structure.volume * r


@pytest.mark.slow
@pytest.mark.parametrize("delta2", [0.0, 0.2])
def test_a_plain_loop_gives_the_same(delta2):
    """Mixed sites, anisotropic and isotropic displacements, a left-handed skewed cell."""
    structure = triclinic(4)
    structure.replace(1, {"Ti": 0.6, "Fe2+": 0.3})
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    tensor = turn @ np.diag([0.004, 0.009, 0.02]) @ turn.T
    structure.add_site_property("u_cart", [tensor, None, 2 * tensor, None])
    structure.add_site_property("uiso", [None, 0.012, None, None])
    params = PdfParams(rmax=6.0, points=None, qmax=0, delta2=delta2, qbroad=0.02)
    tensors = [tensor, 0.012 * np.eye(3), 2 * tensor, 0.007 * np.eye(3)]
    values = pdf_family(structure, None, params).total()
    assert np.abs(values - plain(structure, params, tensors)).max() <= 1e-9
    assert np.abs(values).max() > 1


def family_arrays(structure, metal, params):
    """Everything that must not depend on how a crystal is written down; site PDFs in the order of the metal's sites."""
    family = pdf_family(structure, metal, params)
    sites = [i for i, site in enumerate(structure) if metal in [s.symbol for s in site.species]]
    curves = [family.total(), family.differential(metal), family.partial(metal, "O"), family.partial("O", "O")]
    ours = np.array([family.site(i) for i in sites]), np.array([family.site_differential(i) for i in sites])
    return curves, ours


def assert_same(first, second):
    for a, b in zip(first[0], second[0], strict=True):
        assert np.abs(a - b).max() <= 1e-9
    for a, b in zip(first[1], second[1], strict=True):
        # Each site of one is a site of the other.
        distances = np.abs(a[:, None] - b[None]).max(axis=2)
        assert distances.min(axis=0).max() <= 1e-9
        assert distances.min(axis=1).max() <= 1e-9


def sparse():
    return apart(triclinic())


def supercell(structure, matrix=((2, 1, 0), (0, 1, 1), (0, 0, 2))):
    return structure.copy().make_supercell(matrix, in_place=False)


def rotated(structure):
    turn = SymmOp.from_axis_angle_and_translation([1, 2, -0.5], 37.3)
    return structure.copy().apply_operation(turn)


def reflected(structure):
    return Structure(structure.lattice.matrix * [1, 1, -1], structure.species, structure.frac_coords)


def shifted(structure):
    return Structure(structure.lattice, structure.species, structure.frac_coords + np.array([0.123, -4.77, 2.5]))


def shuffled(structure):
    order = np.random.default_rng(3).permutation(len(structure))
    return Structure.from_sites([structure[i] for i in order])


def skewed(structure):
    """The same lattice in a flat, unreduced cell."""
    return supercell(structure, ((1, 3, 0), (0, 1, -4), (0, 0, 1)))


def decorated(structure):
    return structure.copy().add_oxidation_state_by_element({"Ti": 4, "Cu": 2, "Fe": 3, "O": -2})


WRITINGS = [supercell, rotated, reflected, shifted, shuffled, skewed, decorated, Structure.get_primitive_structure]


@pytest.mark.slow
@pytest.mark.parametrize("write", WRITINGS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("params", SETTINGS, ids=["paper", "measured", "neutron", "fq"])
@pytest.mark.parametrize(("make", "metal"), [(rutile, "Ti"), (spinel, "Fe"), (sparse, "Cu")])
def test_how_a_crystal_is_written_down_does_not_matter(make, metal, params, write):
    assert_same(as_made(make, metal, params), family_arrays(write(make()), metal, params))


@cache
def as_made(make, metal, params):
    """The arrays of a crystal as it is, once for all its writings."""
    return family_arrays(make(), metal, params)


@pytest.mark.slow
@pytest.mark.parametrize("make", [rutile, spinel, triclinic])
@pytest.mark.parametrize("rmax", [12.0, 25.0])
def test_symmetry_changes_nothing_but_the_time(make, rmax, monkeypatch):
    structure = supercell(make())
    params = PdfParams(points=None, rmax=rmax, uiso=0.01)
    with_symmetry = family_arrays(structure, "O", params)

    def nothing(atoms, rmax):
        n = len(atoms.positions)
        return Reduction(atoms.lattice, np.arange(n), np.ones(n), np.arange(n))

    monkeypatch.setattr(pair_distributions, "reduce_crystal", nothing)
    assert_same(with_symmetry, family_arrays(structure, "O", params))


def reduction(structure, rmax=30.0):
    from firstshell.simulation.pairs.crystal import read_crystal

    return reduce_crystal(read_crystal(structure, PdfParams()).atoms, rmax)


@pytest.mark.parametrize(
    ("make", "primitive", "orbits"),
    [(rutile, 6, 2), (spinel, 14, 3), (triclinic, 7, None)],
    ids=["rutile", "spinel", "P1"],
)
def test_supercells_are_reduced_to_the_primitive_cell_and_its_orbits(make, primitive, orbits):
    found = reduction(supercell(make()))
    assert len(found.kept) == primitive
    assert found.weight.sum() == primitive
    assert np.count_nonzero(found.weight) == (orbits or primitive)


def test_a_moved_atom_breaks_the_symmetry():
    structure = supercell(rutile())
    structure.translate_sites([5], [0, 0, 1e-7], frac_coords=False)
    assert len(reduction(structure).kept) == len(structure)


def test_different_displacements_or_occupancies_break_the_symmetry():
    structure = supercell(rutile())
    n = len(structure)
    structure.add_site_property("uiso", [0.01] + [0.007] * (n - 1))
    assert len(reduction(structure).kept) == n
    structure = supercell(rutile())
    structure.replace(0, {"Ti": 0.9})
    assert len(reduction(structure).kept) == n


@pytest.mark.parametrize("seed", range(5))
def test_reduced_bases_span_the_same_lattice(seed):
    rng = np.random.default_rng(seed)
    short = rng.standard_normal((3, 3)) * 3
    long = np.array([[1, 7, -3], [0, 1, 5], [0, 0, 1]]) @ short
    basis = reduced(long)
    change = long @ np.linalg.inv(basis)
    assert np.abs(change - np.rint(change)).max() < 1e-9
    assert abs(abs(np.linalg.det(basis)) - abs(np.linalg.det(short))) < 1e-9
    assert np.linalg.norm(basis, axis=1).sum() <= np.linalg.norm(reduced(short), axis=1).sum() + 1e-9
    triangle, turn = lower_triangular(basis)
    assert np.abs(basis @ turn - triangle).max() < 1e-12
    assert np.abs(np.triu(triangle, 1)).max() < 1e-12
    assert (np.diag(triangle) > 0).all()


@pytest.mark.slow
def test_a_peak_that_vanishes_is_named():
    structure = Structure(Lattice.cubic(6), ["Ti", "O"], [[0, 0, 0], [0.2, 0, 0]])
    with pytest.warns(DomainWarning, match=r"Ti–O at 1\.200 Å.*delta2 = 2"):
        pdf_family(structure, None, PdfParams(delta2=2))
    with pytest.warns(DomainWarning, match=r"delta1 = 1\.5"):
        pdf_family(structure, None, PdfParams(delta1=1.5))


def test_pdffit2_agrees_to_one_percent():
    """pdffit2 divides by r where we divide by the distance of the pair; on sharp peaks that is below one percent."""
    pdffit2 = pytest.importorskip("diffpy.pdffit2")
    structures = pytest.importorskip("diffpy.structure")
    pdffit2.redirect_stdout(io.StringIO())
    structure = apart(triclinic())
    uiso = 0.0003
    fit = pdffit2.PdfFit()
    atoms = [structures.Atom(s.specie.symbol, s.frac_coords, Uisoequiv=uiso) for s in structure]
    fit.add_structure(structures.Structure(atoms=atoms, lattice=structures.Lattice(*structure.lattice.parameters)))
    fit.alloc("X", 0.0, 0.0, 0.01, 20.0, 2000)
    fit.calc()
    theirs = np.array(fit.getpdf_fit())
    family = pdf_family(structure, None, PdfParams(rmin=0.01, rmax=20.01, points=None, qmax=0, uiso=uiso))
    assert np.abs(family.r - fit.getR()).max() < 1e-9
    assert np.abs(theirs).max() > 5
    assert np.abs(family.total() - theirs).max() <= 0.01 * np.abs(theirs).max()
