"""The energy scale of a measurement by the foil that was measured with it."""

from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.measured.xanes.edge import find_edge
from firstshell.measured.xanes.normalise import Normalised

LARGE = 3.0
"""eV of shift over which a calibration is doubted."""
BELIEVED = 4.0
"""eV of shift up to which a foil is believed: reference channels are not always what they seem."""


def foil_shift(measured: Normalised) -> float | None:
    """Return the shift in eV that puts the foil's edge where it is tabulated; None without a foil that has one."""
    if measured.reference is None:
        return None
    try:
        e0 = find_edge(measured.energy, measured.reference, measured.metal).e0
    except InputError:
        return None
    return k_edge(measured.metal) - e0


def reliable_foil_shift(measured: Normalised) -> float | None:
    """Return the same; None also where it is more than `BELIEVED`."""
    shift = foil_shift(measured)
    return shift if shift is not None and abs(shift) <= BELIEVED else None
