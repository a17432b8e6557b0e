"""What a study found, in sentences that follow from its tables: failures before confirmations."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from firstshell.report import reading
from firstshell.report.style import input_name, number, percent
from firstshell.report.words.terms import (
    BASELINES,
    CLAIMS,
    METRICS,
    SHARES,
    SHORT,
    change,
    effect,
    listed,
    places,
    span,
)
from firstshell.simulation import show
from firstshell.study.result import Study
from firstshell.types import Target, main_metric

CONSOLE_METALS = 6
MOST_LISTED = 6
Cells = list[tuple[str, Target]]
GAP = {
    "closed": "XANES is better than PDF, dPDF is better than PDF and not worse than XANES by more than {margin}",
    "narrowed": "dPDF is better than PDF, but may be worse than XANES by more than {margin}",
    "pdf_ahead": "PDF is better than XANES to begin with",
    "dpdf_worse": "dPDF is worse than PDF",
    "remains": "XANES is still better than dPDF",
    "no_gap": "XANES is not shown to be better than PDF",
    "unclear": "dPDF can be distinguished neither from PDF nor from XANES",
    "no_test": "one split allows no test",
}


def title(study: Study) -> str:
    """Return the title of the report."""
    return f"The first shell of {listed(reading.metals(study))} from XANES and PDF"


def data_line(study: Study) -> str:
    """Say how many samples of which origin were studied, and how they were held out."""
    counts, parts = study.provenance["counts"], []
    for metal in reading.metals(study):
        held = max(counts[metal].values(), key=lambda each: int(each["samples"]))
        kinds = held.get("origins", {})
        named = f" ({', '.join(f'{count} {origin}' for origin, count in _by_count(kinds))})" if len(kinds) > 1 else ""
        single = f" {next(iter(kinds))}" if len(kinds) == 1 and "given" not in kinds else ""
        added = f", {held['added']} added ones in training only" if held.get("added") else ""
        parts.append(f"{metal} {held['samples']}{single}{named}{added}")
    split = reading.splits(study)[0]
    by = str(study.settings["group_by"]).replace("_", " ")
    related = f"; relatives ({by}, parent or series) stay on one side" if split == "grouped" else ""
    repeats = reading.repeats(study, split)
    ligands = study.settings["ligands"]
    shells = f" First shells of {listed(ligands)} only." if ligands else ""
    return (
        f"Samples ({study.settings['level']}s): {'; '.join(parts)}.{shells} Scores are of held-out samples over "
        f"{reading.repeated(study, repeats, split)}{related}."
    )


def lead(study: Study) -> list[str]:
    """Return five sentences at most: which claims fail, hold or stay open, and where an input is shown to be best."""
    claims = [claim for code in CLAIMS if (claim := _claim(study, code))]
    claims.sort(key=lambda each: -each[0])
    best = _best(study)
    failed = [sentence for refuted, sentence in claims if refuted]
    rest = [sentence for refuted, sentence in claims if not refuted]
    return [*([best[1]] if best[0] else []), *failed, *([] if best[0] else [best[1]]), *rest]


def multiplicity(study: Study) -> str:
    """Say how many tests were made and how many survive Holm's correction."""
    rows = reading.pick(study.comparisons, split=reading.splits(study)[0])
    tested = rows[rows["p_value"].notna()]
    if tested.empty:
        return "No test was made: the repeats are of one split."
    low, kept = int((tested["p_value"] < 0.05).sum()), int((tested["p_holm"] < 0.05).sum())
    chance = f"{len(tested) / 20:.{0 if len(tested) >= 20 else 1}f}"
    return (
        f"{len(tested)} paired tests: {low} have p < 0.05, where chance alone would give about {chance}; "
        f"{kept} remain{'s' if kept == 1 else ''} after Holm's correction for {len(tested)} tests."
    )


def finding(row: Mapping[Any, Any]) -> str:
    """Return the test behind the verdict on one of the paper's claims."""
    metric = main_metric(Target(row["target"]))
    margin = f"{row['margin']:g}{METRICS[metric][1]}"
    if row["code"] == "xanes_dominates":
        interval = f" ({percent(row['low'])} to {percent(row['high'])})" if row["low"] == row["low"] else ""
        return (
            f"{percent(row['value'])}{interval} of the {SHARES[row['measure']]} in {show(row['inputs'])} is of XANES."
        )
    if row["code"] == "dpdf_closes_gap":
        interval = "" if row["low"] != row["low"] else f" (dPDF − XANES: {span(metric, row['low'], row['high'])})"
        return f"{GAP[row['reason']].format(margin=margin)}{interval}."
    tested = {"difference": row["value"], **row}
    if row["code"] == "dpdf_helps_length":
        return f"{change('xanes', 'xanes+dpdf')} {effect(metric, tested)}."
    if row["reason"] == "within_margin":
        return f"XANES is worse than PDF by less than {margin} at most ({span(metric, row['low'], row['high'])})."
    if row["reason"] == "may_be_worse":
        return f"XANES may be worse than PDF by more than {margin} ({span(metric, row['low'], row['high'])})."
    return f"{change('pdf', 'xanes')} {effect(metric, tested)}."


def place(row: Mapping[Any, Any], tied: int) -> str:
    """Name the best input where it is shown to be best, and say in the same line which baselines it does not beat.

    row : of the ranking, the input with the best mean; tied : number of inputs not shown to be worse
    """
    named = input_name(row["inputs"]) if row["place"] == "best" else f"undecided between {tied + 1}"
    short = {"composition": "the composition", "modal": "a guess"}
    beaten = [short[name] for name in BASELINES if row[f"{name}_verdict"] != "helps"]
    return named + (f"; not shown to beat {' or '.join(beaten)}" if beaten else "")


def console(study: Study) -> str:
    """Return what stands at the end of `firstshell study`: one line a metal, and the sentences of `lead`."""
    split = reading.splits(study)[0]
    metals, targets = reading.metals(study), reading.targets(study)
    shown = reading.inputs(study)[0]
    rows = [["", *(SHORT[target] + (" (F1)" if target.is_class else " (RMSE, %)") for target in targets)]]
    shown_metals = metals[:CONSOLE_METALS]
    rows += [[metal, *(_console_cell(study, metal, target, shown) for target in targets)] for metal in shown_metals]
    more = f"; {listed(metals[CONSOLE_METALS:])} in the report" if len(metals) > CONSOLE_METALS else ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    note = f"{input_name(shown)}, {split} splits; + what is shown to help when added; ! a baseline is not beaten{more}"
    return "\n".join([*table, note, *lead(study), multiplicity(study)])


def _console_cell(study: Study, metal: str, target: Target, shown: str) -> str:
    split, metric = reading.splits(study)[0], main_metric(target)
    chosen = {"metal": metal, "target": target.value, "split": split}
    row = reading.pick(study.ranking, **chosen, inputs=shown)
    if row.empty:
        return "–"
    first = row.iloc[0]
    beaten = all(first[f"{name}_verdict"] == "helps" for name in BASELINES)
    tests = reading.pick(study.comparisons, **chosen, without=shown)
    helps = tests[(tests["verdict"] == "helps") & tests["with"].str.startswith(f"{shown}+")]
    added = "".join(f" +{show(name.removeprefix(f'{shown}+'))}" for name in helps["with"])
    return f"{number(metric, float(first['mean']))}{'' if beaten else '!'}{added}"


def _claim(study: Study, code: str) -> tuple[int, str] | None:
    """Return in how many cells a claim fails, and the sentence; None where it was not tested."""
    rows = reading.pick(study.findings, code=code, split=reading.splits(study)[0])
    if code == "xanes_dominates" and len(rows):
        measure = "permutation" if "permutation" in set(rows["measure"]) else "impurity"
        rows = reading.pick(rows, measure=measure)
        rows = reading.pick(rows, inputs=str(rows["inputs"].iloc[0]))
    if rows.empty:
        return None
    cells = {verdict: _cells(rows, verdict) for verdict in ("refuted", "confirmed", "narrowed", "undecided")}
    total, parts = len(rows), []
    if cells["refuted"]:
        parts.append(f"does not hold for {_named(cells['refuted'])}")
    if cells["confirmed"]:
        everywhere = len(cells["confirmed"]) == total
        of_all = f"for all {total}" if everywhere else f"for {len(cells['confirmed'])} of {total}"
        parts.append("holds" if total == 1 and everywhere else f"holds {of_all}")
    if cells["narrowed"]:
        parts.append(f"the gap is narrowed for {_named(cells['narrowed'])}")
    if cells["undecided"]:
        every = len(cells["undecided"]) == total
        of_all = f"for {'any' if every else len(cells['undecided'])} of {total}"
        parts.append("cannot be decided" if total == 1 else f"cannot be decided {of_all}")
    return len(cells["refuted"]), f"{CLAIMS[code]}: {'; '.join(parts)}."


def _best(study: Study) -> tuple[int, str]:
    """Return for how many cells no input beats the baselines, and where an input is shown to be best."""
    rows = reading.pick(study.ranking, split=reading.splits(study)[0])
    leaders = rows[rows["place"].isin(["best", "leading"])]
    beats = (rows[[f"{name}_verdict" for name in BASELINES]] == "helps").all(axis=1)
    some = beats.groupby([rows["metal"], rows["target"]]).transform("any")
    weak = leaders[~some.loc[leaders.index]]
    best = leaders[leaders["place"] == "best"]
    parts = []
    if len(weak):
        parts.append(f"no input is shown to beat the baselines for {_named(_pairs(weak))}")
    if len(best):
        by_input = {name: _pairs(group) for name, group in best.groupby("inputs", sort=False)}
        shown = listed(f"{input_name(str(name))} for {_named(cells)}" for name, cells in by_input.items())
        parts.append(f"shown to be best is {shown}")
        if len(best) < len(leaders):
            parts.append(
                f"elsewhere ({len(leaders) - len(best)} of {len(leaders)}) several inputs cannot be told apart"
            )
    else:
        of_all = f" for any of the {_count(len(leaders))}" if len(leaders) > 1 else ""
        parts.append(f"no input is shown to be best{of_all}")
    return len(weak), f"The best input: {'; '.join(parts)}."


def _cells(rows: pd.DataFrame, verdict: str) -> Cells:
    return _pairs(reading.pick(rows, verdict=verdict))


def _pairs(rows: pd.DataFrame) -> Cells:
    return [(row["metal"], Target(row["target"])) for row in reading.ordered(rows).to_dict("records")]


def _named(cells: Cells) -> str:
    return places(cells) if len(cells) <= MOST_LISTED else _count(len(cells))


def _count(cells: int) -> str:
    return f"{cells} pairs of metal and target"


def _by_count(kinds: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    yield from sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
