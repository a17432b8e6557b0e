"""Whether a curve is G(r) in Å⁻² against r in Å: what else it may be is told from its shape."""

import numpy as np

from firstshell.errors import InputError
from firstshell.measured.pdf.qspace import share_beyond
from firstshell.types import Array

GIVE = "Give G(r) in Å⁻² against r in Å, such as the .gr of PDFgetX3"
FIRST = 2.0
"""Å from which on the mean of a curve tells G(r), which runs about 0, from g(r) and radial distributions."""
MOST_MEAN = 0.5
"""Mean over standard deviation; of simulated oxides it is −0.2 to 0.05."""
HIGHEST_QMAX = 60.0
"""Å⁻¹; no instrument reaches it, so what is sharper is no G(r) of r in Å."""
MOST_SHARP = 0.01
"""Share of power that may lie above `HIGHEST_QMAX`; white noise of 5 % of G in steps of 0.01 Å has 0.003."""
NO_ATOMS = 1.2
"""Å up to which oxides without hydrogen have no neighbours."""
ROUGH = 0.7
"""RMS of G below `NO_ATOMS` over that of the peaks from which on it is said: of simulated oxides it is below 0.6."""
COARSEST, LEAST_SHARE = 8.0, 0.09
"""Å⁻¹ above which a G(r) of Qmax 12 or more has a share of its power of 0.11 to 0.6, and k²χ(k) of oxides under 0.082
(of the sine transform of its k)."""
EARLY, DECAYED = 5.0, 0.15
"""RMS from 0.3 to 1.2 over that beyond, which is 12 to 21 for χ(k) of whole scans and under 0.7 for G(r); and RMS of
the last fifth over that from 1.5 to 6, which is under 0.07 for χ(k)."""
LEAST_RMS, MOST_RMS = 0.1, 80.0
"""Å⁻² of the RMS of G: of simulated oxides it is 1 to 8, and a tenth or ten times that is no matter of the sample."""


def check_curve(r: Array, g: Array, *, named: bool = False, differential: bool = False) -> None:
    """Raise InputError, saying what it seems to be, for a curve that is no G(r) against r in Å.

    r : (n,) Å as the file has it; g : (n,) in any unit
    named : whether file or user give a Qmax, so that what is smooth is a G(r) of low Qmax and not χ(k)
    differential : whether the file says that it is a differential one, which need not run about 0: that of masked
        weights does not
    """
    if share_beyond(r, g, HIGHEST_QMAX) > MOST_SHARP:
        # In nm first shells stand below 0.3, where Å have nothing but the slope of the mean density.
        near = _rms(g[(r > 0.12) & (r < 0.5)]) > 0.25 * _rms(g[r >= 0.5])
        seems = "r seems to be in nm" if near else "it seems to be F(Q) or S(Q) against Q"
        raise InputError(f"its features are too sharp for any G(r): {seems}", remedy=GIVE)
    if not differential:
        _check_mean(r, g)
    if not named and _is_chi(r, g):
        raise InputError(
            f"its features are no finer than those of a PDF of Qmax {COARSEST:g} Å⁻¹: it seems to be χ(k) of EXAFS",
            remedy=f"{GIVE}; one of so low a Qmax is read when its Qmax is given",
        )


def _check_mean(r: Array, g: Array) -> None:
    """Raise InputError for a curve that does not run about 0."""
    far = (r >= FIRST) & (r <= 20.0)
    if far.sum() < 10:
        return
    x, y = r[far], g[far]
    mean = float(y.mean())
    if abs(mean) <= MOST_MEAN * float(np.std(y - np.polynomial.Polynomial.fit(x, y, 2)(x))):
        return
    early, late = np.array_split(np.arange(len(x)), 2)
    growth = np.log(max(y[late].mean() / y[early].mean(), 1e-3)) / np.log(x[late].mean() / x[early].mean())
    if mean < 0 or y[early].mean() <= 0:
        seems = "it has a background, or is of another kind"
    elif growth < 0.5:
        seems = "it seems to be g(r), of which G(r) = 4πρ₀r·(g(r) − 1), or S(Q)"
    elif growth < 1.5:
        seems = "it seems to be T(r), of which G(r) = T(r) − 4πρ₀r"
    else:
        seems = "it seems to be the radial distribution R(r), of which G(r) = R(r)/r − 4πρ₀r"
    raise InputError(f"it does not run about 0, as G(r) does, but about {mean:.2g}: {seems}", remedy=GIVE)


def advice(r: Array, g: Array, rms: float) -> tuple[str, ...]:
    """Return what is odd about a G(r) that can be used all the same; rms : of its peaks, in Å⁻²."""
    found = []
    if not LEAST_RMS <= rms <= MOST_RMS:
        found.append(f"G(r) has an RMS of {rms:.2g} Å⁻², for oxides it is 1 to 8: its scale is wrong and is not used")
    low = (r > 0.3) & (r < NO_ATOMS)
    if low.sum() > 3 and _rms(g[low]) > ROUGH * rms:
        found.append(
            f"G(r) is rough below {NO_ATOMS} Å, where no atoms are: its correction is poor, or it holds hydrogen"
        )
    return tuple(found)


def _is_chi(r: Array, g: Array) -> bool:
    """Whether a curve looks like χ(k) against k: large before 1.2 and dying away, or smooth as k²χ(k) is."""
    early, late = g[(r > 0.3) & (r < NO_ATOMS)], g[r > 0.8 * r[-1]]
    if _rms(early) > EARLY * _rms(g[r >= NO_ATOMS]) and _rms(late) < DECAYED * _rms(g[(r > 1.5) & (r < 6.0)]):
        return True
    return share_beyond(r, g, 0.0) > 0 and share_beyond(r, g, COARSEST) < LEAST_SHARE


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else 0.0
