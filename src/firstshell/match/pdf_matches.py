"""A measured PDF beside those of many candidates: in this process where they are few, and none compared twice."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict

from firstshell import __version__
from firstshell.config import stable_hash
from firstshell.dataset.table import Crystal
from firstshell.match.candidates import Entry
from firstshell.match.pdf_scan import PdfMatch, PdfScan
from firstshell.match.simulations import Cost, Simulations
from firstshell.runtime.store import Record, Store
from firstshell.runtime.tasks import Failure, run_tasks

STORE = "pdfs.store"
SECONDS = 0.005
"""Of one processor for one structure, roughly."""
MANY = 1500
"""Structures from which on workers are worth their start, and the time that all of them take is said before."""


def compare_pdfs(
    scan: PdfScan, entries: Sequence[Entry], how: Simulations
) -> tuple[dict[str, PdfMatch], dict[str, str]]:
    """Return by id how entries compare with a PDF, and why others could not be compared."""
    crystals = {each.id: each.crystal for each in entries}
    measured = stable_hash([scan.r.tolist(), scan.g.tolist(), scan.params, __version__])
    keys = {name: stable_hash([measured, crystal.columns]) for name, crystal in crystals.items()}
    many = len(crystals) >= MANY
    if many:
        how.on_cost(Cost(len(crystals), 0, SECONDS, "PDFs"))
    with nullcontext() if how.folder is None else Store.open(how.folder / STORE) as store:
        done = run_tasks(
            compare_crystal,
            {keys[name]: crystal for name, crystal in crystals.items()},
            shared=scan,
            store=store,
            executor=how.executor if many else None,
            workers=how.workers if many else 0,
            reporter=how.reporter,
            label="PDFs",
        )
    found = {name: done[key] for name, key in keys.items()}
    failed = {name: each.reason for name, each in found.items() if isinstance(each, Failure)}
    return {name: PdfMatch(**each.meta) for name, each in found.items() if isinstance(each, Record)}, failed


def compare_crystal(scan: PdfScan, crystal: Crystal) -> Record:
    """Return how one structure compares, as it is stored."""
    return Record(asdict(scan.compare(crystal.structure())))
