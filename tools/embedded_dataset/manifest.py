"""What stands beside a dataset that is given away: versions, settings, hash, counts by class, failures, licence."""

from __future__ import annotations

from typing import Any

from firstshell.dataset.embedded import studied
from firstshell.dataset.table import PROTOCOL, Dataset
from firstshell.types import Target

LICENCE = (
    "Structures: American Mineralogist Crystal Structure Database, R. T. Downs and M. Hall-Wallace, American "
    "Mineralogist 88, 247-250 (2003), free for use with citation, as distributed with larixite (MIT licence); please "
    "cite the database and the paper that the column `source` names. Spectra and labels were calculated by firstshell "
    "and are part of it (BSD-3-Clause)."
)


def manifest_of(data: Dataset, planned: int) -> dict[str, Any]:
    """Describe a dataset.

    planned : number of materials it was to be made from

    Returns settings and versions, the hashes of the dataset and of the oxides that are studied by default, how many
    materials, groups and formulas there are by metal, origin, ligand and class, how many of those planned are not built
    yet, and how many were left out by stage, with the reasons.
    """
    whole, oxides = data.frame[data.frame["level"] == "material"], studied(data)
    materials = {str(metal): _of_metal(rows) for metal, rows in whole.groupby("metal")}
    gone = data.excluded.drop_duplicates(["id", "stage", "reason"])
    built = len(whole) + int((data.excluded["stage"].isin(["material", "structure"])).sum())
    return {
        "protocol": PROTOCOL,
        "hash": data.hash,
        "oxides": {"hash": oxides.hash, "samples": len(oxides.frame)},
        "settings": data.settings,
        "materials": materials,
        "samples": len(data.frame),
        "planned": planned,
        "not_built_yet": max(planned - built, 0),
        "left_out": {stage: len(rows) for stage, rows in gone.groupby("stage")},
        "left_out_because": gone.to_dict("records"),
        "licence": LICENCE,
    }


def _of_metal(rows: Any) -> dict[str, Any]:
    """Describe the materials of one metal."""
    columns = ["origin", "ligand", *(target.value for target in Target if target.is_class)]
    numbers = {
        "materials": len(rows),
        "groups": int(rows["group"].nunique()),
        "formulas": int(rows["formula"].nunique()),
    }
    return numbers | {column: _counts(rows, column) for column in columns}


def _counts(rows: Any, column: str) -> dict[str, int]:
    """Return how often each value occurs; a missing label counts as "mixed or unknown"."""
    known = rows[column].dropna().value_counts().sort_index()
    missing = int(rows[column].isna().sum())
    return {str(k): int(v) for k, v in known.items()} | ({"mixed or unknown": missing} if missing else {})
