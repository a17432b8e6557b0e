"""Fifty oxides as they occur in nature: space group, cell (Å, °) and sites from the crystallographic literature.

Each line: formula; space group; a b c alpha beta gamma; element x y z, … Where a space group has two origins, the sites
are given for the one that pymatgen's symbol means; `crystals` checks formula and shortest distance of all of them.
"""

from __future__ import annotations

import numpy as np
from pymatgen.core import Composition, Lattice, Structure
from pymatgen.symmetry.groups import SpaceGroup

METALS = ("Ti", "Mn", "Fe", "Cu")
"""Metals of the embedded dataset."""
TABLE = """
TiO2;P4_2/mnm;4.5937 4.5937 2.9587 90 90 90;Ti 0 0 0,O .3053 .3053 0
TiO2;I4_1/amd;3.7842 3.7842 9.5146 90 90 90;Ti 0 0 0,O 0 0 .2081
TiO2;Pbca;9.184 5.447 5.145 90 90 90;Ti .1289 .0972 .8628,O .0095 .1491 .1835,O .2314 .1110 .5366
SnO2;P4_2/mnm;4.7374 4.7374 3.1864 90 90 90;Sn 0 0 0,O .3056 .3056 0
MnO2;P4_2/mnm;4.3999 4.3999 2.8740 90 90 90;Mn 0 0 0,O .3046 .3046 0
VO2;P4_2/mnm;4.5546 4.5546 2.8514 90 90 90;V 0 0 0,O .3001 .3001 0
RuO2;P4_2/mnm;4.4919 4.4919 3.1066 90 90 90;Ru 0 0 0,O .3058 .3058 0
Al2O3;R-3c;4.7589 4.7589 12.991 90 90 120;Al 0 0 .3522,O .3064 0 .25
Fe2O3;R-3c;5.038 5.038 13.772 90 90 120;Fe 0 0 .3553,O .3059 0 .25
V2O3;R-3c;4.9515 4.9515 14.003 90 90 120;V 0 0 .3463,O .3118 0 .25
Cr2O3;R-3c;4.9589 4.9589 13.5942 90 90 120;Cr 0 0 .3475,O .3056 0 .25
Ti2O3;R-3c;5.1580 5.1580 13.611 90 90 120;Ti 0 0 .3450,O .3133 0 .25
FeTiO3;R-3;5.0884 5.0884 14.0855 90 90 120;Fe 0 0 .3554,Ti 0 0 .1464,O .3174 .0233 .2451
LiNbO3;R3c;5.1483 5.1483 13.8631 90 90 120;Nb 0 0 0,Li 0 0 .2787,O .0492 .3446 .0647
MgAl2O4;Fd-3m;8.0832 8.0832 8.0832 90 90 90;Mg 0 0 0,Al .625 .625 .625,O .3874 .3874 .3874
Fe3O4;Fd-3m;8.3941 8.3941 8.3941 90 90 90;Fe 0 0 0,Fe .625 .625 .625,O .3799 .3799 .3799
Co3O4;Fd-3m;8.0835 8.0835 8.0835 90 90 90;Co 0 0 0,Co .625 .625 .625,O .3881 .3881 .3881
ZnFe2O4;Fd-3m;8.4412 8.4412 8.4412 90 90 90;Zn 0 0 0,Fe .625 .625 .625,O .3853 .3853 .3853
CoAl2O4;Fd-3m;8.1066 8.1066 8.1066 90 90 90;Co 0 0 0,Al .625 .625 .625,O .3886 .3886 .3886
LiMn2O4;Fd-3m;8.2476 8.2476 8.2476 90 90 90;Li 0 0 0,Mn .625 .625 .625,O .3882 .3882 .3882
SrTiO3;Pm-3m;3.905 3.905 3.905 90 90 90;Sr 0 0 0,Ti .5 .5 .5,O .5 .5 0
BaTiO3;P4mm;3.9945 3.9945 4.0335 90 90 90;Ba 0 0 0,Ti .5 .5 .5224,O .5 .5 -.0244,O .5 0 .4895
CaTiO3;Pnma;5.4424 7.6417 5.3807 90 90 90;Ca .0359 .25 -.0071,Ti 0 0 .5,O .4838 .25 .0714,O .2897 .0373 .7108
LaMnO3;Pnma;5.6991 7.7175 5.5392 90 90 90;La .0490 .25 -.0078,Mn 0 0 .5,O .4874 .25 .0747,O .3066 .0384 .7259
GdFeO3;Pnma;5.611 7.669 5.349 90 90 90;Gd .0628 .25 -.0158,Fe 0 0 .5,O .4672 .25 .1005,O .3008 .0506 .6984
LaAlO3;R-3c;5.3647 5.3647 13.1114 90 90 120;La 0 0 .25,Al 0 0 0,O .5250 0 .25
Y3Al5O12;Ia-3d;12.0062 12.0062 12.0062 90 90 90;Y .125 0 .25,Al 0 0 0,Al .375 0 .25,O -.0306 .0512 .15
Ca3Al2Si3O12;Ia-3d;11.845 11.845 11.845 90 90 90;Ca .125 0 .25,Al 0 0 0,Si .375 0 .25,O .0381 .0449 .6514
MnO;Fm-3m;4.4457 4.4457 4.4457 90 90 90;Mn 0 0 0,O .5 .5 .5
MgO;Fm-3m;4.2117 4.2117 4.2117 90 90 90;Mg 0 0 0,O .5 .5 .5
CeO2;Fm-3m;5.4113 5.4113 5.4113 90 90 90;Ce 0 0 0,O .25 .25 .25
ZrO2;P2_1/c;5.1505 5.2116 5.3173 90 99.23 90;Zr .2754 .0395 .2083,O .0700 .3317 .3447,O .4496 .7569 .4792
Cu2O;Pn-3m;4.2696 4.2696 4.2696 90 90 90;O 0 0 0,Cu .25 .25 .25
CuO;C2/c;4.6837 3.4226 5.1288 90 99.54 90;Cu .25 .25 0,O 0 .4184 .25
In2O3;Ia-3;10.117 10.117 10.117 90 90 90;In .25 .25 .25,In .4668 0 .25,O .3905 .1529 .3832
Y2O3;Ia-3;10.604 10.604 10.604 90 90 90;Y .25 .25 .25,Y -.0323 0 .25,O .3911 .1519 .3802
Y2Ti2O7;Fd-3m;10.0949 10.0949 10.0949 90 90 90;Y .625 .625 .625,Ti .125 .125 .125,O .4531 .25 .25,O .5 .5 .5
CuAlO2;R-3m;2.8567 2.8567 16.943 90 90 120;Cu 0 0 0,Al 0 0 .5,O 0 0 .1099
CuFeO2;R-3m;3.0351 3.0351 17.166 90 90 120;Cu 0 0 0,Fe 0 0 .5,O 0 0 .1066
LiCoO2;R-3m;2.8161 2.8161 14.0536 90 90 120;Li 0 0 .5,Co 0 0 0,O 0 0 .2605
Mg2SiO4;Pnma;10.207 5.980 4.756 90 90 90;Mg 0 0 0,Mg .2774 .25 .9915,Si .0940 .25 .4262,O .0913 .25 .7657,O .4474 .25 .2215,O .1628 .0331 .2777
Fe2SiO4;Pnma;10.471 6.086 4.818 90 90 90;Fe 0 0 0,Fe .2803 .25 .9860,Si .0975 .25 .4300,O .0923 .25 .7681,O .4530 .25 .2073,O .1651 .0384 .2885
LiFePO4;Pnma;10.332 6.010 4.692 90 90 90;Li 0 0 0,Fe .2822 .25 .9747,P .0950 .25 .4180,O .0968 .25 .7428,O .4573 .25 .2060,O .1656 .0465 .2848
ZrSiO4;I4_1/amd;6.607 6.607 5.982 90 90 90;Zr 0 0 0,Si 0 0 .5,O 0 -.1839 .3203
ZnO;P6_3mc;3.2495 3.2495 5.2069 90 90 120;Zn 1/3 2/3 0,O 1/3 2/3 .3821
V2O5;Pmmn;11.512 3.564 4.368 90 90 90;V -.1488 0 .8917,O -.1457 0 .531,O -.3189 0 .003,O 0 0 .001
MoO3;Pnma;13.855 3.6964 3.9628 90 90 90;Mo .1016 .25 .0867,O .4351 .25 .4994,O .0866 .25 .5212,O .2214 .25 .0373
La2NiO4;I4/mmm;3.86 3.86 12.65 90 90 90;La 0 0 .361,Ni 0 0 0,O 0 .5 0,O 0 0 .175
CaWO4;I4_1/a;5.243 5.243 11.376 90 90 90;Ca 0 0 .5,W 0 0 0,O .2413 .1511 .0861
YBa2Cu3O7;Pmmm;3.8227 3.8872 11.6802 90 90 90;Y .5 .5 .5,Ba .5 .5 .1843,Cu 0 0 0,Cu 0 0 .3556,O 0 .5 0,O .5 0 .3773,O 0 .5 .3789,O 0 0 .1584
"""  # noqa: E501


def crystals() -> list[tuple[str, Structure]]:
    """Return name and conventional cell of each oxide, with positions to rounding error."""
    return [_crystal(*line.split(";")) for line in TABLE.strip().splitlines()]


def _crystal(formula: str, group: str, cell: str, sites: str) -> tuple[str, Structure]:
    species, positions = [], []
    for site in sites.split(","):
        element, *place = site.split()
        orbit = _orbit(group, [_number(x) for x in place])
        species += [element] * len(orbit)
        positions += orbit
    structure = Structure(Lattice.from_parameters(*map(float, cell.split())), species, positions)
    name = f"{formula} {group}"
    shortest = structure.distance_matrix[~np.eye(len(structure), dtype=bool)].min()
    if structure.composition.reduced_composition != Composition(formula) or shortest < 1.4:
        raise ValueError(
            f"{name} came out as {structure.composition.reduced_formula} with contacts of {shortest:.2f} Å"
        )
    return name, structure


def _orbit(group: str, place: list[float]) -> list[np.ndarray]:
    """Return all positions equivalent to one; pymatgen's own expansion rounds them to ten decimals."""
    found: list[np.ndarray] = []
    for operation in SpaceGroup(group).symmetry_ops:
        position = operation.operate(place) % 1
        if all(np.abs((position - p) - np.rint(position - p)).max() > 1e-4 for p in found):
            found.append(position)
    return found


def _number(text: str) -> float:
    top, _, bottom = text.partition("/")
    return float(top) / float(bottom or 1)
