"""Oxidation state, coordination number and bond length of a metal from XANES and PDF."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Imported on first use, so that `import firstshell` and `firstshell --help` stay quick.
_PUBLIC = {
    "Answer": "firstshell.api.answers",
    "Answers": "firstshell.api.answers",
    "FeffOptions": "firstshell.dataset.feff",
    "Dataset": "firstshell.dataset.table",
    "DomainWarning": "firstshell.errors",
    "EngineError": "firstshell.errors",
    "InputError": "firstshell.errors",
    "PdfParams": "firstshell.simulation.pdf",
    "Prediction": "firstshell.types",
    "Ranking": "firstshell.api.match",
    "Spectra": "firstshell.types",
    "Spectrum": "firstshell.types",
    "StructureFit": "firstshell.api.match",
    "Study": "firstshell.study.study",
    "StudyPlan": "firstshell.study.plan",
    "Target": "firstshell.types",
    "XanesParams": "firstshell.simulation.xanes",
    "build_report": "firstshell.report.build",
    "fit": "firstshell.api.match",
    "import_feff": "firstshell.dataset.feff",
    "Mixtures": "firstshell.api.mix",
    "load_dataset": "firstshell.dataset.embedded",
    "mix": "firstshell.api.mix",
    "predict": "firstshell.api.predict",
    "rank": "firstshell.api.match",
    "read_measured": "firstshell.io.spectra.sniff",
    "read_structure": "firstshell.io.structures.files",
    "run_study": "firstshell.study.study",
    "save_spectra": "firstshell.api.simulate",
    "simulate": "firstshell.api.simulate",
    "transform": "firstshell.api.simulate",
}
__all__ = sorted([*_PUBLIC, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    return getattr(import_module(module), attribute or name)


def __dir__() -> list[str]:
    return __all__
