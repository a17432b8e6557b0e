"""Spoilt files of everything but measured spectra: structures, feff.inp, archives of FEFF runs, study.toml, models.

    python bench/fuzz_inputs.py [--count 900] [--seed 0] [--formats cif poscar ...]

Prints counts by format and writes bench/results/fuzz_inputs.json. A mutation is a seeded change of a sound file
(tests/mutations.py). It is refused with InputError, or read. Exits with 1 when anything else comes out, when a file
takes over 5 CPU seconds, or when it asks for over 1 GB more than the program has. Each is read under these limits, so
that a file that breaks them is counted and the next one read.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import feff_runs  # noqa: E402
import quick  # noqa: E402
from firstshell.api.settings import read_settings  # noqa: E402
from firstshell.errors import InputError  # noqa: E402
from firstshell.io.feff_tree import read_tree  # noqa: E402
from firstshell.io.structures.files import read_structure  # noqa: E402
from firstshell.prediction.model import make_predictor  # noqa: E402
from firstshell.prediction.model_file import load_predictor, save_predictor  # noqa: E402
from firstshell.simulation.feff.cards import write_cards  # noqa: E402
from firstshell.simulation.feff.inp import read_feff_inp  # noqa: E402
from firstshell.simulation.feff.site import site_job  # noqa: E402
from firstshell.simulation.xanes import PRESETS  # noqa: E402
from machine import describe  # noqa: E402
from mutations import MUTATIONS, mutated  # noqa: E402

LIMIT_S, LIMIT_BYTES = 5, 1_000_000_000
STRUCTURES = ROOT / "tests" / "data" / "structures"
RESULTS = Path(__file__).parent / "results" / "fuzz_inputs.json"
SETTINGS = b"""[study]
repeats = 5
seed = 1

[xanes]
preset = "standard"

[pdf]
qmax = 24.0
uiso = { Fe = 0.004, O = 0.007 }
"""


class TooLongError(BaseException):
    """A file took too long; no handler of Exception may swallow it."""


def examples(folder: Path) -> dict[str, tuple[str, bytes, Callable[[Path], Any]]]:
    """Return for each format the name of its files, a sound one, and what reads it."""
    inputs = write_cards(site_job(read_structure(STRUCTURES / "rutile.cif"), 0, PRESETS["fast"]))
    inputs = inputs.replace("POTENTIALS", "FMS 5.5 0\nXANES 3.7 .06 .2\nCOREHOLE FSR\nPOTENTIALS")
    (folder / "feff.inp").write_text(inputs, encoding="ascii")
    read_feff_inp(folder / "feff.inp")
    tree = feff_runs.write_archive(feff_runs.tree_files(), folder / "whole.tar", "w")
    packed = feff_runs.write_archive(feff_runs.tree_files(), folder / "whole.tar.xz")
    save_predictor(make_predictor(quick.quick_data(), "Cu", quick.XANES, quick.QUICK), folder / "model")
    return {
        "cif": ("x.cif", (STRUCTURES / "hausmannite.cif").read_bytes(), read_structure),
        "poscar": ("POSCAR", (STRUCTURES / "tenorite.vasp").read_bytes(), read_structure),
        "feff_inp": ("feff.inp", inputs.encode(), read_feff_inp),
        "tar": ("x.tar", tree.read_bytes(), read_tree),
        "tar_xz": ("x.tar.xz", packed.read_bytes(), read_tree),
        "study_toml": ("study.toml", SETTINGS, lambda path: read_settings(path, [])),
        "model": ("model", (folder / "model").read_bytes(), load_predictor),
    }


@contextmanager
def limited() -> Iterator[None]:
    """Hold what is within to CPU seconds and bytes."""

    def stop(*_: object) -> None:
        raise TooLongError

    had = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    usual = resource.getrlimit(resource.RLIMIT_AS)
    signal.signal(signal.SIGPROF, stop)
    resource.setrlimit(resource.RLIMIT_AS, (had + LIMIT_BYTES, usual[1]))
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, usual)


def attempt(path: Path, read: Callable[[Path], Any]) -> str:
    """Read a file, and return what came of it."""
    try:
        with limited():
            read(path)
    except InputError:
        return "refused"
    except TooLongError:
        return "too long"
    except MemoryError:
        return "too much memory"
    except Exception:
        print(traceback.format_exc(limit=-4))
        return "crashed"
    return "read"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=900)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--formats", nargs="+")
    options = parser.parse_args()
    np.seterr(all="ignore")
    warnings.simplefilter("ignore")
    report: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    report |= describe() | {"seed": options.seed, "kinds": [kind.__name__ for kind in MUTATIONS]}
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        kinds = examples(Path(folder))
        for kind in options.formats or kinds:
            name, content, read = kinds[kind]
            path, counts, slowest = Path(folder) / "spoilt" / name, Counter[str](), 0.0
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            read(path)
            for number in range(options.count):
                seed = f"{options.seed}/{kind}/{number}"
                path.write_bytes(mutated(content, seed))
                start = time.process_time()
                outcome = attempt(path, read)
                slowest = max(slowest, time.process_time() - start)
                if outcome not in ("refused", "read"):
                    bad += 1
                    print(f"{seed}: {outcome}", flush=True)
                counts[outcome] += 1
            report[kind] = {"count": options.count, **counts, "slowest_s": round(slowest, 3)}
            RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
            print(f"{kind:12s} {dict(counts)}, slowest {slowest:.2f} s", flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
