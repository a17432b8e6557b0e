"""How far stored PDFs stand for other measurements, and what it costs to make them anew.

    python bench/pdf_match.py           prints the tables and writes bench/results/pdf_match.json

Errors are RMS differences between `as_measured` of the dataset's PDFs and PDFs simulated anew with those settings, as a
share of the RMS of G, over all materials of two metals, by range of r in Å.
"""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter

import numpy as np

from firstshell.dataset.embedded import load_dataset, materials
from firstshell.measured.pdf.match import as_measured
from firstshell.prediction.pdf_remake import remake
from firstshell.simulation.pdf import PdfParams, grid, pdf_family

RESULTS = Path(__file__).parent / "results" / "pdf_match.json"
METALS = ("Ti", "Cu")
CHANGES: list[dict[str, float]] = [
    *({"qmax": qmax} for qmax in (30.0, 25.0, 22.0, 20.0, 18.0, 16.0, 14.0, 12.0)),
    *({"du": du} for du in (-0.003, -0.002, 0.002, 0.005, 0.01, 0.02)),
    {"qmax": 20.0, "du": 0.005},
    *({"qmin": qmin} for qmin in (0.5, 1.0, 1.5, 2.0)),
    {"qdamp": 0.06},
]
RANGES = ((1, 6), (6, 8), (8, 9), (9, 10))


def main() -> None:
    data = load_dataset()
    frame = data.frame[(data.frame["level"] == "material") & data.frame["metal"].isin(METALS)]
    made = materials(data=data, wanted=list(zip(frame["id"], frame["metal"], strict=True)))
    stored, r = data.spectra["pdf"][frame.index], grid(PdfParams()).values
    print(f"{len(made)} materials; error in % of the RMS of G within")
    print(f"{'':32s}" + "".join(f"{f'{low}-{high} Å':>10s}" for low, high in RANGES))
    report: dict[str, object] = {"materials": len(made)}
    for change in CHANGES:
        anew = PdfParams(**{k: v for k, v in change.items() if k != "du"}, uiso=0.007 + change.get("du", 0.0))
        expected = np.array([pdf_family(one.structure, None, anew).total() for one in made])
        error = as_measured(stored, grid(PdfParams()), **change) - expected
        name = ", ".join(f"{key} {value:g}" for key, value in change.items())
        parts = [slice(*np.searchsorted(r, (low - 1e-9, high - 1e-9))) for low, high in RANGES]
        shares = [float(np.sqrt(np.mean(error[:, p] ** 2) / np.mean(expected[:, p] ** 2))) for p in parts]
        report[name] = shares
        print(f"{name:32s}" + "".join(f"{100 * share:10.2f}" for share in shares))
    start = perf_counter()
    remake(data, METALS[0], PdfParams(radiation="neutron"))
    seconds = perf_counter() - start
    count = int((data.frame.loc[data.frame["metal"] == METALS[0], "level"] == "material").sum())
    report["remake_s_per_material"] = seconds / count
    print(f"{count} materials of {METALS[0]} for neutrons in {seconds:.1f} s: {seconds / count:.2f} s each")
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
