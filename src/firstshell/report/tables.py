"""The report's tables: each has the numbers as they are (its CSV) and as they are shown."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from firstshell.dataset.table import Dataset
from firstshell.report import reading
from firstshell.report.style import input_name, number
from firstshell.report.words import checks as check_words
from firstshell.report.words import study as words
from firstshell.report.words.terms import BASELINES, CLAIMS, SHARES, SHORT, listed
from firstshell.study.result import Study
from firstshell.types import Metric, Target, main_metric

SEVERITIES = ("error", "warning", "note", "ok")
MOST_REASONS = 6
HEADS = {"composition": "Composition", "modal": "Guess"}
"""Columns of the baselines."""
CLASS_F1 = r"f1_(-?\d+)"


@dataclass(frozen=True)
class Mark:
    """A cell with a number and a verdict."""

    text: str
    verdict: str = ""

    def __str__(self) -> str:
        return f"{self.text} {self.verdict}".strip()


@dataclass(frozen=True, eq=False)
class Table:
    """A table of the report.

    frame : the numbers, written to tables/<name>.csv
    shown : the same as text or `Mark`, head and cells as a reader sees them; None for what has a CSV only
    """

    name: str
    title: str
    caption: str
    frame: pd.DataFrame
    shown: pd.DataFrame | None


def mean_and_std(metric: Metric, row: Mapping[Any, Any]) -> str:
    """Return "0.912 ± 0.013"."""
    return f"{number(metric, row['mean'])} ± {number(metric, row['std'])}"


def overview(study: Study) -> Table:
    """What each metal and target gives: the score of the first input, what PDF and dPDF add to it, the best input."""
    split, first = reading.splits(study)[0], reading.inputs(study)[0]
    added = [name for name in reading.inputs(study) if name.startswith(f"{first}+") and name.count("+") == 1]
    cells, score_head = [], input_name(first) + ("; natural" if len(study.natural) else "")
    for metal, target in reading.studied(study):
        metric, chosen = main_metric(target), {"metal": metal, "target": target.value, "split": split}
        ranked = reading.pick(study.ranking, **chosen)
        alone = reading.row(ranked, inputs=first)
        best = ranked[ranked["place"].isin(["best", "leading"])].iloc[0].to_dict()
        tied = int((ranked["place"] == "tied").sum())
        shown: dict[str, object] = {
            "Metal": metal,
            "Target": f"{SHORT[target]}, {'F1' if target.is_class else 'RMSE %'}",
            score_head: _score(metric, alone, reading.row(study.natural, **chosen, inputs=first)),
        }
        for name in added:
            tested = reading.row(reading.pick(study.comparisons, **chosen), **{"without": first, "with": name})
            shown[f"+ {input_name(name.removeprefix(f'{first}+'))}"] = _gain(metric, tested)
        if len(study.reference):
            shown["Random forest"] = _reference(metric, reading.row(study.reference, **chosen, inputs=first))
        shown["Best input"] = words.place(best, tied)
        cells.append(shown)
    ranking = reading.pick(study.ranking, split=split)
    caption = (
        f"{input_name(first)}: score [95 % interval of the mean]; on natural samples. Random forest: the paper's, on "
        f"{input_name(first)}. Gains when another measurement is added (positive = "
        "better, RMSE in % of the mean bond length) with the interval of the paired test; "
        f"{words.multiplicity(study)} Verdicts are those of single tests, before this correction."
    )
    return Table("overview", "Each metal and target", caption, ranking, pd.DataFrame(cells).fillna("–"))


def _score(metric: Metric, row: dict[str, Any] | None, natural: dict[str, Any] | None) -> object:
    if row is None:
        return "–"
    text = number(metric, row["mean"])
    if row["low"] == row["low"]:
        text += f" [{number(metric, row['low'])}, {number(metric, row['high'])}]"
    return Mark(text if natural is None else f"{text}; {number(metric, natural['natural'])}")


def _gain(metric: Metric, row: Mapping[Any, Any] | None) -> object:
    if row is None:
        return "–"
    interval = f" [{number(metric, row['low'])}, {number(metric, row['high'])}]" if row["low"] == row["low"] else ""
    return Mark(f"{number(metric, row['difference'], sign=True)}{interval}", str(row["verdict"]))


def _reference(metric: Metric, row: dict[str, Any] | None) -> object:
    return "–" if row is None else number(metric, row["random_forest"])


def claims(study: Study) -> Table:
    """The paper's claims, one a row, with a column of verdicts for each metal; main split; failures first."""
    split, metals = reading.splits(study)[0], reading.metals(study)
    frame = reading.pick(study.findings, split=split)
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for row in frame.to_dict("records"):
        claim = CLAIMS[row["code"]]
        if row["measure"] in SHARES:
            claim = f"XANES dominates {input_name(row['inputs'])}, by {SHARES[row['measure']]}"
        cells.setdefault((claim, SHORT[Target(row["target"])]), {})[row["metal"]] = row["verdict"]
    order = sorted(cells.items(), key=lambda item: -list(item[1].values()).count("refuted"))
    shown = pd.DataFrame(
        {"Claim": claim, "Target": target} | {m: Mark("", found.get(m, "not tested")) for m in metals}
        for (claim, target), found in order
    )
    refuted = [
        f"{row['metal']}, {SHORT[Target(row['target'])]}: {words.finding(row)}"
        for row in frame[frame["verdict"].isin(["refuted"]) & (frame["measure"] == "score")].to_dict("records")
    ]
    caption = (
        f"Claims of Na Narong et al. (2025), tested on these data in {split} splits. At least as good and closing the "
        "gap: non-inferiority with a margin of 0.02 in F1 and 0.2 % of the mean bond length. Dominates: more than half "
        f"of the importance. {' '.join(refuted)}"
    )
    return Table("claims", "The claims of the paper", caption.strip(), frame, shown)


def tests(study: Study) -> Table:
    """Every paired test of the main split: the gain, and whether it is decided."""
    frame = reading.pick(study.comparisons, split=reading.splits(study)[0])
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for row in reading.ordered(frame).to_dict("records"):
        without, with_ = row["without"], row["with"]
        if without in BASELINES:
            head = f"Best − {'composition' if without == 'composition' else 'guess'}"
        else:
            head = f"{input_name(with_)} − {input_name(without)}"
        star = "**" if row["p_holm"] < 0.05 else "*" if row["p_value"] < 0.05 else ""
        key = (row["metal"], SHORT[Target(row["target"])])
        cells.setdefault(key, {})[head] = f"{number(Metric(row['metric']), row['difference'], sign=True)}{star}"
    shown = pd.DataFrame([dict(zip(("Metal", "Target"), key, strict=True)) | each for key, each in cells.items()])
    caption = (
        "Improvement in weighted F1, or in % of the mean bond length; * p < 0.05 of this test alone, ** also after "
        f"Holm's correction. {words.multiplicity(study)} Variance corrected for overlapping training sets (Nadeau and "
        "Bengio, Machine Learning 52, 239 (2003)). Intervals and p-values are in the CSV."
    )
    return Table("comparisons", "All paired tests", caption, study.comparisons, shown.fillna("–"))


def scores(study: Study) -> Table:
    """Main scores of every input and baseline in the main split, and of the paper's random forest."""
    split, cells = reading.splits(study)[0], []
    for metal, target in reading.studied(study):
        metric, table = main_metric(target), reading.main_scores(study, target, split)
        shown: dict[str, object] = {
            "Metal": metal,
            "Target": f"{SHORT[target]}, {'F1' if target.is_class else 'RMSE %'}",
        }
        for name in [*reading.inputs(study), *BASELINES]:
            mean, std = reading.score(table, metal, name)
            head = HEADS.get(name, input_name(name))
            shown[head] = mean_and_std(metric, {"mean": mean, "std": std}) if mean == mean else "–"
        for name in dict.fromkeys(study.reference["inputs"]):
            row = reading.row(study.reference, metal=metal, target=target.value, inputs=str(name))
            mark = {"helps": " (worse)", "hurts": " (better)"}.get(row["verdict"], "") if row else ""
            text = f"{number(metric, row['random_forest'])}{mark}" if row else "–"
            shown[f"RF {input_name(str(name))}"] = text
        cells.append(shown)
    forest = study.settings["forest"]["kind"]
    caption = (
        f"Mean ± one standard deviation over repeats, {split} splits. Forest: "
        f"{'extremely randomised trees' if forest == 'extra' else 'random forest'}."
        + (
            " RF: the paper's random forest, on the same splits; marked where the test decides."
            if forest == "extra"
            else ""
        )
    )
    return Table("scores", "Scores of every input", caption, study.frame(), pd.DataFrame(cells).fillna("–"))


def class_scores(study: Study) -> Table:
    """F1 of each class; CSV only."""
    frame = study.frame()
    frame = reading.ordered(frame[frame["metric"].str.fullmatch(CLASS_F1)])
    frame.insert(3, "class", frame["metric"].str.extract(CLASS_F1, expand=False).astype(int))
    return Table("f1_by_class", "F1 by class", "", frame, None)


def blocks(study: Study) -> Table:
    """Loss on permuting each whole modality, main split; CSV only, as the figures show it."""
    frame = reading.pick(study.permutation, split=reading.splits(study)[0])
    frame = reading.ordered(frame[frame["low"].isna()].drop(columns=["low", "high"]))
    return Table("importance_blocks", "Loss when a whole input is permuted", "", frame, None)


def reference(study: Study) -> Table:
    """The plan's forest against the paper's random forest; CSV only, as the scores show it."""
    return Table("reference", "Against the paper's random forest", "", study.reference, None)


def natural(study: Study) -> Table:
    """Scores on natural samples beside those on all."""
    frame = reading.pick(study.natural, split=reading.splits(study)[0])
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for row in reading.ordered(frame).to_dict("records"):
        metric, target = Metric(row["metric"]), Target(row["target"])
        head = (row["metal"], f"{SHORT[target]}, {'F1' if target.is_class else 'RMSE %'}")
        text = f"{number(metric, row['natural'])} ({number(metric, row['all'])})"
        name = HEADS.get(row["inputs"], input_name(row["inputs"]))
        cells.setdefault(head, {"Natural held out": f"{row['tested']:.0f}"})[name] = text
    shown = pd.DataFrame([dict(zip(("Metal", "Target"), key, strict=True)) | each for key, each in cells.items()])
    caption = "Score on the held-out samples as found in nature; in brackets on all held-out samples."
    return Table("natural", "Natural samples alone", caption, study.natural, shown.fillna("–"))


def origins(study: Study) -> Table:
    """What other samples in training are worth for natural, or own, ones."""
    kinds = sorted({kind for row in study.origins["added"] for kind in str(row).split("+")})
    others = f"others ({listed(kinds)})" if kinds else "others"
    tested = sorted(set(map(str, study.origins["alone"])))
    cells = [
        {
            "Metal": row["metal"],
            "Target": SHORT[Target(row["target"])],
            "Inputs": input_name(row["inputs"]),
            **({"Tested on": str(row["alone"])} if len(tested) > 1 else {}),
            "Added to training": f"{row['added_train']:.0f} to {row['alone_train']:.0f}",
            "Alone": number(Metric(row["metric"]), row["alone_score"]),
            "With them": number(Metric(row["metric"]), row["all_score"]),
            "Gain": _gain(Metric(row["metric"]), row),
        }
        for row in reading.ordered(study.origins).to_dict("records")
    ]
    caption = (
        f"Trained on {' or '.join(tested)} samples alone, and with all {others}; tested on the same held-out "
        f"{' or '.join(tested)} samples, no relative of which is trained on."
    )
    return Table("origins", "Do other samples in training help?", caption, study.origins, pd.DataFrame(cells))


def checks(study: Study) -> Table:
    """The coded checks that are not ok, the gravest first, one row a kind; every one of them is in the CSV."""
    frame = reading.ordered(study.checks)
    worded = [check_words.check(row) for row in frame.to_dict("records")]
    frame = frame.assign(message=[message for message, _ in worded], remedy=[remedy for _, remedy in worded])
    kinds: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for row in frame[frame["severity"] != "ok"].to_dict("records"):
        kinds.setdefault((SEVERITIES.index(row["severity"]), row["code"]), []).append(
            {str(k): v for k, v in row.items()}
        )
    cells = []
    for (_, code), rows in sorted(kinds.items()):
        first = rows[0]
        where = " ".join(part for part in (first["metal"], first["target"].replace("_", " "), first["split"]) if part)
        cells.append(
            {
                "Severity": Mark("", first["severity"]),
                "Code": f"{code}, {check_words.subjects([code])}",
                "Times": str(len(rows)),
                "For example": f"{where}: {first['message']}" if where else first["message"],
                "What to do": first["remedy"],
            }
        )
    caption = "Every check, also those that passed, is in the CSV."
    return Table("checks", "Checks", caption, frame, pd.DataFrame(cells))


def left_out(study: Study, data: Dataset) -> Table:
    """What was left out, where and why, counted; of a reason only what stands before the colon, not its details."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for row in data.excluded.to_dict("records"):
        counts[str(row["stage"]), "", "", _head(row["reason"])] += 1
    level = study.settings["level"]
    for metal in reading.metals(study):
        for text in data.select(metal, level).frame["reasons"]:
            for target, reason in json.loads(text).items():
                counts["label missing", metal, target, _head(reason)] += 1
        for target, held in study.provenance["counts"][metal].items():
            for reason, count in held["dropped"].items():
                counts["study", metal, target, str(reason)] += count
    rows = [(*key, count) for key, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    frame = pd.DataFrame(rows, columns=["stage", "metal", "target", "reason", "samples"])
    known = {target.value: target.label for target in Target}
    shown = frame.head(MOST_REASONS).assign(target=frame["target"].map(lambda target: known.get(target, target)))
    shown = shown.astype(str).rename(columns=str.capitalize)
    more = f" The {MOST_REASONS} commonest of {len(frame)} reasons." if len(frame) > MOST_REASONS else ""
    return Table("left_out", "What was left out, and why", f"Samples by stage and reason.{more}", frame, shown)


def _head(reason: object) -> str:
    """Return the reason without the file it was found in, the count of sites, the remedy and single values."""
    text = re.sub(r"^\S+/(POSCAR|FEFF-XANES/\S*): ", "", str(reason))
    text = re.sub(r"^\d+ of \d+ sites: ", "", text)
    return text.split(": ")[0].split(". ")[0]


def settings(study: Study) -> Table:
    """Every setting of the plan."""
    frame = pd.DataFrame(_flat(study.settings), columns=["name", "value"])
    return Table("settings", "Settings", "The plan of the study.", frame, frame.rename(columns=str.capitalize))


def provenance(study: Study, data: Dataset) -> Table:
    """Where the numbers come from: hashes, versions, machine, seconds; the CSV adds what the data were made with."""
    about = {key: value for key, value in study.provenance.items() if key != "counts"}
    frame = pd.DataFrame(_flat(about | {"dataset": data.settings}), columns=["name", "value"])
    shown = pd.DataFrame(_flat(about), columns=["Name", "Value"])
    return Table("provenance", "Provenance", "What the numbers were made from, and with.", frame, shown)


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield dotted names and values as text."""
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            yield from _flat(part, f"{name}.{key}" if name else str(key))
    else:
        yield name, ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
