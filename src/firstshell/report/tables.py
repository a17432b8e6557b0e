"""The report's tables: each has the numbers as they are (its CSV) and as they are shown."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from firstshell.report import reading
from firstshell.report.style import class_name, input_name, number
from firstshell.types import Metric, Target, main_metric

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset
    from firstshell.study.study import Study

SEVERITIES = ("error", "warning", "note", "ok")
MOST_REASONS = 60
CLASS_F1 = r"f1_(-?\d+)"


@dataclass(frozen=True, eq=False)
class Table:
    """A table of the report.

    frame : the numbers, written to tables/<name>.csv
    shown : the same as text, head and cells as a reader sees them
    """

    name: str
    title: str
    caption: str
    frame: pd.DataFrame
    shown: pd.DataFrame


def mean_and_std(metric: Metric, row: Mapping[Any, Any]) -> str:
    """Return "0.912 ± 0.013"."""
    return f"{number(metric, row['mean'])} ± {number(metric, row['std'])}"


def summary(study: Study) -> Table:
    """Best input of each metal and target in the main split."""
    split, rows, cells = reading.splits(study)[0], [], []
    for metal in reading.metals(study):
        shown = {"Metal": metal}
        for target in reading.targets(study):
            scores = reading.main_scores(study, target, split)
            best = next(iter(reading.ranking(study, metal, target)), "")
            mean, std = reading.score(scores, metal, best)
            metric = main_metric(target)
            rows.append((metal, target.value, best, split, metric.value, mean, std))
            value = mean_and_std(metric, {"mean": mean, "std": std})
            head = f"{target.label}, {'RMSE (% of mean)' if metric is Metric.RMSE_PERCENT else metric.label}"
            shown[head] = f"{input_name(best)}: {value}" if best else "not studied"
        cells.append(shown)
    frame = pd.DataFrame(rows, columns=["metal", "target", "best", "split", "metric", "mean", "std"])
    caption = f"Input with the best mean score in {split} splits, ± one standard deviation over repeats."
    return Table("summary", "At a glance", caption, frame, pd.DataFrame(cells))


def scores(study: Study, target: Target) -> Table:
    """Every score of one target but those per class."""
    frame = study.frame()
    frame = reading.ordered(frame[(frame["target"] == target.value) & ~frame["metric"].str.fullmatch(CLASS_F1)])
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in frame.to_dict("records"):
        head = (row["metal"], input_name(row["inputs"], target), row["split"])
        metric = Metric(row["metric"])
        cells.setdefault(head, {})[metric.label] = mean_and_std(metric, row)
    shown = pd.DataFrame(
        [dict(zip(("Metal", "Inputs", "Split"), head, strict=True)) | of for head, of in cells.items()]
    )
    caption = "Mean ± one standard deviation over the repeats, on held-out samples."
    return Table(f"scores_{target.value}", f"{target.label}: scores", caption, frame, shown.fillna("–"))


def class_scores(study: Study, target: Target) -> Table:
    """F1 of each class of one target."""
    frame = study.frame()
    frame = reading.ordered(frame[(frame["target"] == target.value) & frame["metric"].str.fullmatch(CLASS_F1)])
    frame.insert(3, "class", frame["metric"].str.extract(CLASS_F1, expand=False).astype(int))
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    by_class = reading.ordered(frame.sort_values("class", kind="stable"))
    for row in by_class.to_dict("records"):
        head = (row["metal"], class_name(target, row["class"]), row["split"])
        cells.setdefault(head, {})[input_name(row["inputs"], target)] = mean_and_std(Metric.F1_WEIGHTED, row)
    shown = pd.DataFrame([dict(zip(("Metal", "Class", "Split"), head, strict=True)) | of for head, of in cells.items()])
    caption = "F1 of each class, mean ± one standard deviation over the repeats that held out some of it."
    return Table(f"f1_{target.value}", f"{target.label}: F1 by class", caption, frame, shown.fillna("–"))


def blocks(study: Study) -> Table | None:
    """Loss on permuting each whole modality, main split; None without permutations."""
    frame = reading.pick(study.permutation, split=reading.splits(study)[0])
    frame = reading.ordered(frame[frame["low"].isna()].drop(columns=["low", "high"]))
    shown = pd.DataFrame(
        {
            "Metal": row["metal"],
            "Target": Target(row["target"]).label,
            "Inputs": input_name(row["inputs"]),
            "Permuted": input_name(row["modality"]),
            "Loss": mean_and_std(main_metric(Target(row["target"])), row),
        }
        for row in frame.to_dict("records")
    )
    caption = "Loss of the main score (weighted F1; RMSE in % of the mean) on held-out samples. Above zero: it matters."
    return (
        Table("importance_blocks", "Loss when a whole input is permuted", caption, frame, shown) if len(frame) else None
    )


def tests(study: Study) -> Table:
    """Every paired test in words."""
    shown = pd.DataFrame(
        {
            "Metal": row["metal"],
            "Target": Target(row["target"]).label,
            "Split": row["split"],
            "Verdict": row["verdict"],
            "In words": f"{row['sentence']}.",
        }
        for row in reading.ordered(study.comparisons).to_dict("records")
    )
    caption = (
        "Paired over the same splits, with the variance corrected for overlapping training sets (Nadeau and Bengio, "
        "Machine Learning 52, 239 (2003)). Undecided: the 95 % interval contains zero, or the repeats allow no test."
    )
    return Table("comparisons", "Paired tests", caption, study.comparisons, shown)


def findings(study: Study) -> Table:
    """What the paper found, asked of these data: the verdict and the test behind it."""
    return Table(
        "findings",
        "The paper's findings",
        "The claims of Na Narong et al., npj Comput. Mater. 11, 98 (2025), asked of these data. At least as good: the "
        "95 % interval stays above the margin that the sentence names. Dominates: the interval of XANES's share of the "
        "importance lies above one half.",
        study.findings,
        pd.DataFrame(
            {
                "Metal": row["metal"],
                "Target": Target(row["target"]).label,
                "Split": row["split"],
                "Claim": row["claim"],
                "Verdict": row["verdict"],
                "In words": f"{row['sentence']}.",
            }
            for row in reading.ordered(study.findings).to_dict("records")
        ),
    )


def origins(study: Study) -> Table:
    """Whether derived structures in the training set help to predict natural ones, or why it was not asked."""
    cells = [
        {
            "Metal": row["metal"],
            "Target": Target(row["target"]).label,
            "Inputs": input_name(row["inputs"]),
            "Verdict": row["verdict"],
            "In words": f"{row['sentence']}.",
        }
        for row in reading.ordered(study.origins).to_dict("records")
    ]
    cells += [
        {
            "Metal": row["metal"],
            "Target": Target(row["target"]).label,
            "Inputs": "–",
            "Verdict": "not asked",
            "In words": f"{row['message'][0].upper()}{row['message'][1:]}.",
        }
        for row in reading.ordered(reading.pick(study.checks, code="FS108")).to_dict("records")
    ]
    return Table(
        "origins",
        "Natural structures alone, or with derived ones",
        "Forests trained on natural samples alone against forests trained on natural and derived ones, scored on the "
        "same held-out natural samples; nothing derived from a held-out structure is trained on.",
        study.origins,
        pd.DataFrame(cells),
    )


def checks(study: Study) -> Table:
    """The coded checks, the gravest first."""
    order = study.checks["severity"].map(SEVERITIES.index)
    ordered = study.checks.loc[order.sort_values(kind="stable").index]
    known = {target.value: target.label for target in Target}
    shown = pd.DataFrame(
        {
            "Severity": ordered["severity"],
            "Code": ordered["code"],
            "Metal": ordered["metal"],
            "Target": ordered["target"].map(lambda target: known.get(target, "")),
            "Split": ordered["split"],
            "What": ordered["message"],
            "What to do": ordered["remedy"],
        }
    )
    caption = "What to know before believing a score."
    return Table("checks", "What the checks say", caption, study.checks, shown.fillna(""))


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
    more = (
        f" The {MOST_REASONS} commonest of {len(frame)} reasons; all are in the CSV."
        if len(frame) > MOST_REASONS
        else ""
    )
    return Table("left_out", "What was left out, and why", f"Samples by stage and reason.{more}", frame, shown)


def _head(reason: object) -> str:
    """Return the reason without the file it was found in, the count of sites, the remedy and single values."""
    words = re.sub(r"^\S+/(POSCAR|FEFF-XANES/\S*): ", "", str(reason))
    words = re.sub(r"^\d+ of \d+ sites: ", "", words)
    return words.split(": ")[0].split(". ")[0]


def settings(study: Study) -> Table:
    """Every setting of the plan."""
    return _listed("settings", "Settings", "The plan of the study.", study.settings)


def provenance(study: Study, data: Dataset) -> Table:
    """Where the numbers come from: hashes, versions, machine, seconds, and what the dataset was made with."""
    about = {key: value for key, value in study.provenance.items() if key != "counts"}
    return _listed(
        "provenance", "Provenance", "What the numbers were made from, and with.", about | {"dataset": data.settings}
    )


def _listed(name: str, title: str, caption: str, table: Mapping[str, Any]) -> Table:
    frame = pd.DataFrame(_flat(table), columns=["name", "value"])
    return Table(name, title, caption, frame, frame.rename(columns=str.capitalize))


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield dotted names and values as text."""
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            yield from _flat(part, f"{name}.{key}" if name else str(key))
    else:
        yield name, ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
