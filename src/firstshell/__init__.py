"""Oxidation state, coordination number and bond length of a metal from XANES and PDF."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Imported on first use, so that `import firstshell` and `firstshell --help` stay quick.
_PUBLIC = {
    "Advice": "firstshell.api.advise",
    "Answer": "firstshell.api.answers",
    "Answers": "firstshell.api.answers",
    "Dataset": "firstshell.dataset.table",
    "DomainWarning": "firstshell.errors",
    "EngineError": "firstshell.errors",
    "InputError": "firstshell.errors",
    "Mixtures": "firstshell.api.mix",
    "PdfParams": "firstshell.simulation.pdf",
    "Prediction": "firstshell.types",
    "Ranking": "firstshell.api.match",
    "ShellClassifier": "firstshell.api.estimators",
    "ShellRegressor": "firstshell.api.estimators",
    "Spectra": "firstshell.types",
    "Spectrum": "firstshell.types",
    "StructureFit": "firstshell.api.match",
    "Study": "firstshell.api.study",
    "StudyPlan": "firstshell.study.plan",
    "Target": "firstshell.types",
    "TrainingGrid": "firstshell.api.estimators",
    "XanesParams": "firstshell.simulation.xanes",
    "advise": "firstshell.api.advise",
    "build": "firstshell.api.datasets",
    "build_report": "firstshell.report.build",
    "calibrate": "firstshell.api.standards",
    "doctor": "firstshell.api.checkup",
    "fetch": "firstshell.api.datasets",
    "fit": "firstshell.api.match",
    "import_feff": "firstshell.api.datasets",
    "load_dataset": "firstshell.dataset.embedded",
    "merge": "firstshell.api.datasets",
    "mix": "firstshell.api.mix",
    "predict": "firstshell.api.predict",
    "rank": "firstshell.api.match",
    "read_measured": "firstshell.io.spectra.sniff",
    "read_structure": "firstshell.io.structures.files",
    "run_study": "firstshell.api.study",
    "save_spectra": "firstshell.api.simulate",
    "score": "firstshell.api.standards",
    "serve": "firstshell.api.tools",
    "simulate": "firstshell.api.simulate",
    "transform": "firstshell.api.simulate",
    "verify": "firstshell.api.datasets",
    "xanes": "firstshell.api.tools",
}
__all__ = sorted([*_PUBLIC, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    return getattr(import_module(module), attribute or name)


def __dir__() -> list[str]:
    return __all__
