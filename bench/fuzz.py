"""Spoilt files of every format of measured spectra: each is read soundly or refused with one InputError, within 5 s.

    python bench/fuzz.py [--count 2000] [--seed 0] [--formats xdi gr ...]

Prints counts by format and writes bench/results/fuzz.json. A mutation is a seeded change of a sound file of the format
(tests/format_examples.py), or two or three changes one after the other (tests/mutations.py). What is read must also be
normalised (XANES) or put on the model's grid (PDF) or refused. Exits with 1 when anything else than InputError comes
out, a file takes over 5 s, or what is read is not sound.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from firstshell.formats import sniff  # noqa: E402

import format_examples  # noqa: E402
from firstshell.errors import InputError  # noqa: E402
from firstshell.io.spectra.measured import Measured  # noqa: E402
from firstshell.measured.pdf.match import match_pdf  # noqa: E402
from firstshell.measured.xanes.edge import k_edges  # noqa: E402
from firstshell.measured.xanes.normalise import normalise  # noqa: E402
from mutations import MUTATIONS, mutated  # noqa: E402

LIMIT_S = 5.0
EXAMPLES = {**{name: name for name in sniff.formats()}, "athena_json": "athena"}
"""Name of each sound file and its format."""
RESULTS = Path(__file__).parent / "results" / "fuzz.json"


def attempt(path: Path, name: str | None) -> str:
    """Read and use a file; return what came of it."""
    try:
        spectra = sniff.read_measured(path, name)
    except InputError:
        return "refused"
    for spectrum in spectra:
        if not sound(spectrum):
            return "unsound"
        # Refusing what was read is as good as using it.
        with contextlib.suppress(InputError):
            used = normalise(spectrum).mu if spectrum.kind == "xanes" else match_pdf(spectrum).features
            if not np.isfinite(used).all():
                return "unsound"
    return "read"


def sound(spectrum: Measured) -> bool:
    finite = np.isfinite(spectrum.x).all() and np.isfinite(spectrum.y).all()
    return bool(finite and (np.diff(spectrum.x) > 0).all() and len(spectrum.x) == len(spectrum.y) >= 10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--formats", nargs="+", default=list(EXAMPLES))
    options = parser.parse_args()
    np.seterr(all="ignore")
    report: dict[str, object] = {"count": options.count, "seed": options.seed}
    bad = 0
    k_edges()  # read from tables once, which no file is to blame for
    for name in options.formats:
        content = getattr(format_examples, name)()
        counts: Counter[str] = Counter()
        slowest = 0.0
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "spectrum.dat"
            for number in range(options.count):
                seed = f"{options.seed}/{name}/{number}"
                path.write_bytes(mutated(content, seed))
                start = time.perf_counter()
                try:
                    outcome = attempt(path, EXAMPLES[name] if number % 2 else None)
                except Exception:
                    outcome = "crashed"
                    print(f"{seed}:\n{traceback.format_exc(limit=-4)}")
                seconds = time.perf_counter() - start
                slowest = max(slowest, seconds)
                if outcome in ("unsound", "crashed") or seconds > LIMIT_S:
                    bad += 1
                    print(f"{seed}: {outcome} after {seconds:.1f} s")
                counts[outcome] += 1
        report[name] = {**counts, "slowest_s": round(slowest, 3)}
        print(f"{name:12s} {dict(counts)}, slowest {slowest:.2f} s", flush=True)
    report["kinds"] = [kind.__name__ for kind in MUTATIONS]
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
