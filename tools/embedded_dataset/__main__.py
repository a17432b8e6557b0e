"""The dataset that comes with firstshell: its plan, its spectra, and the shipping of what is finished.

python -m embedded_dataset plan WORK [METAL ...]    crystals, as WORK/METAL.jsonl and, listed, plan.csv beside this file
python -m embedded_dataset build WORK [METAL ...]   their spectra; may be stopped and started at will
python -m embedded_dataset ship WORK                what is finished, and the manifest, into the package
python -m embedded_dataset paths WORK               the scattering paths of what is shipped, beside it, for EXAFS

To be run with this folder's parent on the path: PYTHONPATH=tools.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path

from embedded_dataset.build import build
from embedded_dataset.plan import crystals
from embedded_dataset.ship import first_edition, read_crystals, ship, ship_paths, write_list
from firstshell.runtime.progress import Plain
from firstshell.runtime.store import write_atomic

METALS = ("Ti", "Mn", "Fe", "Cu", "V", "Cr", "Co", "Ni")


def main() -> None:
    """Run one of the four steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("plan", "build"):
        command = commands.add_parser(name)
        command.add_argument("work", type=Path)
        command.add_argument("metals", nargs="*", default=METALS)
    for name in ("ship", "paths"):
        commands.add_parser(name).add_argument("work", type=Path)
    options = parser.parse_args()
    if options.command == "plan":
        for metal in options.metals:
            lines = "".join(json.dumps(row) + "\n" for row in crystals(metal, first_edition()))
            write_atomic(options.work / f"{metal}.jsonl", partial(_write, lines))
        write_list(read_crystals(options.work))
    elif options.command == "build":
        rows = [row for row in read_crystals(options.work) if row["metal"] in options.metals]
        build(options.work, rows, reporter=Plain(every=60))
    elif options.command == "paths":
        ship_paths(options.work, Plain(every=60))
    else:
        print(json.dumps(ship(options.work, Plain(every=60)), indent=1))


def _write(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
