"""Spoilt files of every format of measured spectra: refused with one InputError, or the same answer, or a warning.

    python bench/fuzz.py [--count 600] [--seed 0] [--formats xdi gr ...]

Prints counts by format and writes them into bench/results/fuzz.json, where other formats stay as they were. A
mutation is a seeded change of a sound file of the format (tests/format_examples.py), or two or three changes one after
the other (tests/mutations.py). What is read is normalised (XANES) or put on the model's grid (PDF) and compared with
the sound file: "same" within 0.5 eV and 0.02 edge steps (RMS from -20 to 80 eV), or 2 % of G's RMS; "warned" when it
differs, but says so; else "changed". Exits with 1 when anything else than InputError comes out, a file takes over 5 s,
memory goes beyond 1 GB, or what is read is not sound. The changed ones are printed: digits that are plausible cannot
all be found.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import format_examples  # noqa: E402
from firstshell.errors import InputError  # noqa: E402
from firstshell.io.spectra import sniff  # noqa: E402
from firstshell.io.spectra.measured import Measured  # noqa: E402
from firstshell.measured.pdf.match import match_pdf  # noqa: E402
from firstshell.measured.xanes.edge import k_edges  # noqa: E402
from firstshell.measured.xanes.normalise import normalise  # noqa: E402
from firstshell.types import Array  # noqa: E402
from mutations import MUTATIONS, mutated  # noqa: E402

LIMIT_S, LIMIT_BYTES = 5.0, 1e9
SAME_EV, SAME_RMS = 0.5, 0.02
EXAMPLES = {**{name: name for name in sniff.formats()}, "athena_json": "athena"}
"""Name of each sound file and its format."""
RESULTS = Path(__file__).parent / "results" / "fuzz.json"
WINDOW = np.arange(-20.0, 80.0, 0.5)
Used = tuple[float, Array, tuple[str, ...]]


def attempt(path: Path, name: str | None, sound_ones: list[Used]) -> str:
    """Read and use a file; return what came of it."""
    try:
        spectra = sniff.read_measured(path, name)
    except InputError:
        return "refused"
    outcomes = []
    for spectrum in spectra:
        if not sound(spectrum):
            return "unsound"
        # Refusing what was read is as good as using it.
        with contextlib.suppress(InputError):
            used = use(spectrum)
            if not np.isfinite(used[1]).all():
                return "unsound"
            outcomes.append(compared(used, sound_ones))
    worst = ("changed", "warned", "same")
    return next((each for each in worst if each in outcomes), "refused")


def use(spectrum: Measured) -> Used:
    """Return E0, what a model would be asked about, and the warnings."""
    if spectrum.kind == "pdf":
        matched = match_pdf(spectrum)
        return 0.0, matched.features, matched.warnings
    found = normalise(spectrum)
    return found.e0, np.interp(found.e0 + WINDOW, found.energy, found.mu), found.warnings


def compared(used: Used, sound_ones: list[Used]) -> str:
    """Return whether an answer is that of one of the sound spectra, or differs with a warning that these lack."""
    e0, values, warnings = used
    for other_e0, other, _ in sound_ones:
        rms = np.sqrt(np.mean((values - other) ** 2) / max(1.0, np.mean(other**2)))
        if abs(e0 - other_e0) < SAME_EV and rms < SAME_RMS:
            return "same"
    known = {warning for _, _, said in sound_ones for warning in said}
    return "warned" if set(warnings) - known else "changed"


def sound(spectrum: Measured) -> bool:
    finite = np.isfinite(spectrum.x).all() and np.isfinite(spectrum.y).all()
    return bool(finite and (np.diff(spectrum.x) > 0).all() and len(spectrum.x) == len(spectrum.y) >= 10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--formats", nargs="+", default=list(EXAMPLES))
    options = parser.parse_args()
    np.seterr(all="ignore")
    report: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    bad = 0
    k_edges()  # read from tables once, which no file is to blame for
    for name in options.formats:
        content = getattr(format_examples, name)()
        counts: Counter[str] = Counter()
        slowest = 0.0
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "spectrum.dat"
            path.write_bytes(content)
            sound_ones = []
            with contextlib.suppress(InputError):  # the example of FEFF is too short to be normalised
                sound_ones = [use(spectrum) for spectrum in sniff.read_measured(path)]
            for number in range(options.count):
                seed = f"{options.seed}/{name}/{number}"
                path.write_bytes(mutated(content, seed))
                start = time.process_time()
                try:
                    outcome = attempt(path, EXAMPLES[name] if number % 2 else None, sound_ones)
                except Exception:
                    outcome = "crashed"
                    print(f"{seed}:\n{traceback.format_exc(limit=-4)}")
                seconds = time.process_time() - start
                slowest = max(slowest, seconds)
                if outcome in ("unsound", "crashed") or seconds > LIMIT_S:
                    bad += 1
                if outcome in ("unsound", "crashed", "changed") or seconds > LIMIT_S:
                    print(f"{seed}: {outcome} after {seconds:.1f} s")
                counts[outcome] += 1
        report[name] = {"count": options.count, "seed": options.seed, **counts, "slowest_s": round(slowest, 3)}
        print(f"{name:12s} {dict(counts)}, slowest {slowest:.2f} s", flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    report["memory_MB"] = max(round(memory / 1e6), report.get("memory_MB", 0))
    report["kinds"] = [kind.__name__ for kind in MUTATIONS]
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    sys.exit(1 if bad or memory > LIMIT_BYTES else 0)


if __name__ == "__main__":
    main()
