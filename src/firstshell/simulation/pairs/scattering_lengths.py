"""Scattering lengths of the elements: X-ray form factors f(Q) and neutron bound coherent lengths b.

Sources, through the tables of the periodictable package: Waasmaier & Kirfel, Acta Cryst. A 51 (1995) 416 for X-rays;
Rauch & Waschkowski, Neutron Data Booklet (2003) for neutrons, which is what the PDF programs in use work with.
"""

from functools import cache
from typing import Any

import numpy as np
import periodictable
from periodictable.cromermann import fxrayatq

from firstshell.errors import InputError
from firstshell.types import Array

RADIATIONS = ("xray", "neutron")
HYDROGEN_ISOTOPES = ("D", "T")

# periodictable 2.1 replaced these by later measurements; the older ones keep G(r) comparable with diffpy.
RAUCH_WASCHKOWSKI = {
    "D": 6.674,
    "He": 3.26,
    "Li": -1.90,
    "C": 6.6484,
    "O": 5.805,
    "Sn": 6.225,
    "Pr": 4.58,
    "Nd": 7.69,
    "Pb": 9.401,
    "Bi": 8.532,
}


@cache
def scattering_length(element: str, radiation: str) -> float:
    """Return f(Q=0) in electrons for X-rays or the coherent length b in fm for neutrons.

    element : symbol without charge: the electrons of an ion would change f(0), and the reference engines use atoms.
    InputError where the tables have no value.
    """
    if radiation == "xray":
        return float(form_factor(element, np.zeros(1))[0])
    length = _neutron_length(element)
    if length is None:
        raise InputError(f"no neutron scattering length is known for {element}", remedy="Use X-rays for this material")
    return length


def form_factor(element: str, q: Array) -> Array:
    """Return the X-ray form factor f(Q) in electrons; q : (n,) in Å⁻¹."""
    symbol = "H" if element in HYDROGEN_ISOTOPES else element
    try:
        return np.asarray(fxrayatq(symbol, np.asarray(q, dtype=float)), dtype=float)
    except (KeyError, ValueError) as error:
        raise InputError(
            f"no X-ray form factor is known for {element!r}", remedy="Use elements up to californium"
        ) from error


def _neutron_length(element: str) -> float | None:
    if element in RAUCH_WASCHKOWSKI:
        return RAUCH_WASCHKOWSKI[element]
    try:
        entry: Any = periodictable.elements.symbol(element)
    except ValueError as error:
        raise InputError(f"{element!r} is not a chemical element", remedy="Name the element by its symbol") from error
    value = entry.neutron.b_c
    return None if value is None else float(value)
