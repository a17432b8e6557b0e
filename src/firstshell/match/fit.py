"""One structure fitted to what was measured of one sample."""

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from pymatgen.core.structure import Structure

from firstshell.dataset.materials import Material
from firstshell.errors import InputError
from firstshell.match.held_out import HeldOut, held_out
from firstshell.match.measurements import Measurements
from firstshell.match.parameter import Parameter, interval
from firstshell.match.pdf_fit import LAST, PdfFit, fit_pdf
from firstshell.match.pdf_scan import PdfScan
from firstshell.match.simulations import Simulations, cost, simulate_xanes
from firstshell.match.xanes_bank import Simulated, compare_xanes, states_of
from firstshell.match.xanes_fit import XanesFit
from firstshell.measured.pdf.match import NO_QDAMP
from firstshell.measured.xanes.population import Population, default_population
from firstshell.measured.xanes.transfer import LIMITS

UNITS = {"shift": "eV", "sigma": "eV", "growth": "eV/eV", "slope": "per 40 eV"}
"""Of the parameters of a transfer that have one."""


@dataclass(frozen=True, eq=False)
class StructureFit:
    """A structure on the measurements of one sample; `firstshell.StructureFit` describes the fields."""

    name: str
    measurements: Measurements
    xanes: XanesFit | None
    pdf: PdfFit | None
    nearness: dict[str, float]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What was fitted, with 90 % intervals."""
        found: tuple[Parameter, ...] = ()
        if self.xanes is not None:
            for name, error in self.xanes.errors.items():
                value = getattr(self.xanes.transfer, name)
                ends = interval(value, error, float("inf"), LIMITS[name])
                found += (Parameter("xanes", name, value, *ends, UNITS.get(name, "")),)
        return found + (self.pdf.parameters if self.pdf is not None else ())

    @property
    def residuals(self) -> dict[str, float]:
        """What is left: of XANES the RMSE in edge steps, of PDFs Rw."""
        found = {} if self.xanes is None else {"xanes": self.xanes.rmse}
        return found | ({} if self.pdf is None else {"pdf": self.pdf.rw})

    def frame(self) -> pd.DataFrame:
        """Return the parameters as a table.

        Returns
        -------
        DataFrame
            One row a parameter: modality, parameter, value, low, high (90 % interval), unit, at_limit.

        """
        columns = {"modality": "modality", "name": "parameter", "value": "value", "low": "low", "high": "high"}
        columns |= {"unit": "unit", "at_limit": "at_limit"}
        rows = [{head: getattr(each, name) for name, head in columns.items()} for each in self.parameters]
        return pd.DataFrame(rows, columns=list(columns.values()))

    def curves(self) -> pd.DataFrame:
        """Return measured and fitted curves.

        Returns
        -------
        DataFrame
            modality; x (eV from the tabulated K edge, or Å); measured, fitted, residual; and `here`, the structure as
            this beamline would measure it, before anything is fitted.

        """
        parts = []
        for name, x, each in (
            ("xanes", None if self.xanes is None else self.xanes.energy, self.xanes),
            ("pdf", None if self.pdf is None else self.pdf.r, self.pdf),
        ):
            if each is not None:
                values = {"x": x, "measured": each.measured, "fitted": each.fitted, "here": each.here}
                parts.append(pd.DataFrame({"modality": name, **values, "residual": each.measured - each.fitted}))
        return pd.concat(parts, ignore_index=True)

    def summary(self) -> dict[str, Any]:
        """Return everything but the curves, JSON-able."""
        rows = self.frame().to_dict("records")
        return {
            "structure": self.name,
            "metal": self.measurements.metal,
            "files": {name: getattr(self.measurements, name).source for name in self.residuals},
            "residuals": self.residuals,
            "nearness": self.nearness,
            "warnings": list(self.measurements.warnings),
            "parameters": [{str(name): value for name, value in row.items()} for row in rows],
            "refused": [list(each) for each in self.measurements.refused],
        }


def fit_structure(
    measurements: Measurements,
    structure: Structure,
    name: str,
    *,
    strain: str = "isotropic",
    motion: str = "delta2",
    rmax: float = LAST,
    population: Population | None = None,
    known: HeldOut | None = None,
    simulations: Simulations | None = None,
) -> StructureFit:
    """Simulate what was measured, and put it on the measurement.

    strain, motion, rmax : of the PDF; see `fit_pdf`
    population : transfers of XANES; firstshell's standards' by default
    known : residuals of standards; firstshell's by default
    simulations : where the XANES is simulated

    Raises InputError for a structure without the metal or one that cannot be simulated, EngineError when a fit fails.
    """
    population, known = population or default_population(), known or held_out()
    nearness: dict[str, float] = {}
    pdf = xanes = None
    material = Material(name, measurements.metal, structure)
    if measurements.metal not in structure.symbol_set:
        remedy = "Give another structure, or name the metal that was measured"
        raise InputError(f"it holds no {measurements.metal}", remedy=remedy, file=name)
    estimate = cost([material])
    if measurements.pdf is not None:
        pdf = fit_pdf(measurements.pdf, structure, strain=strain, motion=motion, rmax=rmax)
        nearness["pdf"] = known.percentile_rw(PdfScan(measurements.pdf).compare(structure).rw)
        if any(each.name == "qdamp" for each in pdf.parameters):
            told = tuple(each for each in measurements.pdf.warnings if not each.startswith(NO_QDAMP))
            measurements = replace(measurements, pdf=replace(measurements.pdf, warnings=told))
    if measurements.xanes is not None:
        simulations = simulations or Simulations()
        simulations.on_cost(estimate)
        grid, found, reasons = simulate_xanes([material], simulations)
        if not found:
            raise InputError(f"the XANES cannot be simulated: {reasons.get(name, 'no reason is known')}", file=name)
        spectra = [Simulated(name, found[name].values, float(states_of([found[name]])[0]))]
        (compared,) = compare_xanes(measurements.xanes, grid, spectra, population, known)
        xanes = compared.fit
        assert xanes is not None
        nearness["xanes"] = known.percentile(xanes.rmse)
    return StructureFit(name, measurements, xanes, pdf, nearness)
