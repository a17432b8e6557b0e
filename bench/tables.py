"""The tables of the documentation that are made from results: written anew, or checked.

    python bench/tables.py           writes them into docs/
    python bench/tables.py --check   exits with 1 where one is not what the results say

A table stands between `<!-- table: NAME -->` and `<!-- end of table -->`; the functions of TABLES make its lines.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PLACE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def results(name: str) -> Any:
    return json.loads((ROOT / name).read_text(encoding="utf-8"))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def machine(found: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return f"\n{found['machine']}, load {found['load']:g} at the start; {versions}.\n"


def pdf_speed() -> str:
    found = results("bench/results/pdf.json")
    rows = []
    for title, group in found.items():
        if isinstance(group, dict) and "rows" in group:
            rows.append([title])
            for rmax, ratio in group["geometric_mean_ratio"].items():
                times = sorted(row["firstshell_ms"] for row in group["rows"] if f"{row['rmax']:g}" == rmax)
                rows[-1] += [f"{ratio:.1f} × (least {group['least_ratio'][rmax]:.1f}; {times[len(times) // 2]:.2f} ms)"]
    text = table(["structures", "rmax 10 Å", "rmax 30 Å"], rows)
    if "cold" in found:
        cold = [
            [name, f"{each['imports_s']:.2f} s", f"{each['first_call_ms']:.1f} ms"]
            for name, each in found["cold"].items()
        ]
        text += "\n" + table(["new process, rutile", "imports", "first call"], cold)
    return text + machine(found)


def spoilt_spectra() -> str:
    found = results("bench/results/fuzz.json")
    words = ("refused", "same", "warned", "changed")
    heads = ["", "refused", "same", "differs, with a warning", "differs, without", "slowest (CPU s)"]
    rows = [
        [name, *(str(each.get(word, 0)) for word in words), f"{each['slowest_s']:.1f}"]
        for name, each in found.items()
        if isinstance(each, dict) and "slowest_s" in each
    ]
    return table(heads, rows)


def spoilt_inputs() -> str:
    found = results("bench/results/fuzz_inputs.json")
    words = ("refused", "read", "crashed", "too long", "too much memory")
    rows = [
        [name, *(str(each.get(word, 0)) for word in words), f"{each['slowest_s']:.2f}"]
        for name, each in found.items()
        if isinstance(each, dict) and "slowest_s" in each
    ]
    return table(["", *words, "slowest (CPU s)"], rows)


def full_disk() -> str:
    found = results("bench/results/faults.json")["disk"]
    heads = ["size of the file system", "message", "traceback", "with room made: the same bytes"]
    words = {True: "yes", False: "no"}
    rows = [
        [f"{row['kB']} kB", row["said"], words[row["traceback"]], words[row["then the same bytes"]]]
        for row in found["runs"]
    ]
    return table(heads, rows)


def other_faults() -> str:
    """Return what runs came to whose workers or clock were disturbed, or that were stopped."""
    faults, rows = results("bench/results/faults.json"), []
    if "dask" in faults:
        each = faults["dask"]
        what = f"{each['failed']} of {each['tasks']} tasks failed, {each['wrong']} had another result"
        rows.append(["SIGKILL of a Dask worker", str(each["kills"]), what])
    if "clock" in faults:
        each = faults["clock"]
        what = f"{each.get('the same bytes', 0)} of {each['runs']} with the same bytes"
        rows.append(["builds while the clock jumps by up to a year", str(each["runs"]), what])
    kills = ROOT / "bench" / "results" / "kills.json"
    for job, each in (results("bench/results/kills.json") if kills.is_file() else {}).items():
        lived = max(seconds for way in each["ways"].values() for seconds in way["lived_on_s"])
        what = f"{each['differ']} of {each['finished']} results differ; processes lived on for {lived:.1f} s at most"
        rows.append([f"`{job}` stopped in four ways", str(each["kills"]), what])
    return table(["fault", "how often", "found"], rows)


def validation() -> str:
    found = results("validation/results.json")
    rows = []
    for row in found["figures"]:
        limits = [f"{word} {row[key]:g}" for key, word in (("least", "at least"), ("most", "at most")) if key in row]
        rows.append([row["name"], f"{row['measured']:g}", f"{row['documented']:g}", ", ".join(limits)])
    return table(["figure", "measured", "documented", "limit"], rows) + machine(found)


def embedded_materials() -> str:
    """Return what the manifest of the embedded dataset counts."""
    found = results("src/firstshell/dataset/embedded.json")["materials"]
    origins = ("natural", "decorated", "distorted", "derived")
    heads = ["", "materials", "groups", *origins, "oxides", "oxidation state", "coordination number"]
    rows = []
    for metal in sorted(found, key=lambda metal: -found[metal]["materials"]):
        each = found[metal]
        counts = [each["materials"], each["groups"], *(each["origin"].get(name, 0) for name in origins)]
        classes = [_counted(each[name]) for name in ("oxidation_state", "coordination_number")]
        rows.append([metal, *map(str, counts), str(each["ligand"].get("O", 0)), *classes])
    ligands: Counter[str] = sum((Counter(each["ligand"]) for each in found.values()), Counter())
    others = ", ".join(f"{name} {count}" for name, count in ligands.most_common() if name != "O")
    return table(heads, rows) + f"\nFirst shells other than oxygen: {others}.\n"


def _counted(classes: dict[str, int]) -> str:
    """Return "3: 20, 4: 130, others: 10"; classes of one or two materials are among the others."""
    named = {name: count for name, count in classes.items() if name.isdigit() and count >= 3}
    rest = sum(classes.values()) - sum(named.values())
    return ", ".join(f"{name}: {count}" for name, count in named.items()) + (f", others: {rest}" if rest else "")


TABLES: dict[str, Callable[[], str]] = {
    each.__name__: each
    for each in (pdf_speed, spoilt_spectra, spoilt_inputs, full_disk, other_faults, validation, embedded_materials)
}


def renewed(text: str) -> str:
    """Return the text of a page with its tables made anew."""
    return PLACE.sub(lambda found: found[1] + TABLES[found[2]]() + found[3], text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for page in sorted((ROOT / "docs").rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        if renewed(text) != text:
            stale.append(page.relative_to(ROOT))
            if not check:
                page.write_text(renewed(text), encoding="utf-8")
    for each in stale:
        print(f"{each} {'is not what the results say' if check else 'was written anew'}")
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    main()
