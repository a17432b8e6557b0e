"""`firstshell study`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from firstshell.api.settings import read_plan
from firstshell.cli.parameters import Backend, Changes, Progress, Workers, words
from firstshell.runtime.console import say


def study(
    data: Path | None = None,
    /,
    *,
    out: Path = Path("study"),
    preset: Literal["default", "paper"] = "default",
    metal: str = "",
    with_: Annotated[str, Parameter(name="--with")] = "",
    config: Path | None = None,
    set_: Changes = (),
    robustness: bool = True,
    workers: Workers = None,
    backend: Backend = "auto",
    progress: Progress = "auto",
) -> None:
    """Train and test forests on every combination of inputs, and write a report.

    The default predicts 3 targets from 5 inputs over 10 grouped and 3 random splits. A run that was stopped goes on
    where it was. The answer is OUT/report.html; figures, tables and scores lie beside it.

    Example: firstshell study --metal Fe --out study

    Example: firstshell study mine.parquet --with embedded

    Parameters
    ----------
    data
        A dataset, as firstshell build and import-feff write them; by default the one that comes with firstshell.
    out
        The folder for report, figures, tables and scores.
    preset
        default: extremely randomised trees, grouped and random splits; paper: the recipe of Na Narong et al. (2025),
        random forests with a grid search.
    metal
        Metals to study, as in Fe,Cu; all by default.
    with_
        Another dataset that trains beside DATA and is never tested on: embedded for the one that comes with firstshell,
        or a file.
    config
        A study.toml; its table [study] changes the preset.
    set_
        One setting, as in --set study.repeats=5.
    robustness
        Also test the sensitivity to spectrum quality; --no-robustness saves a minute.

    """
    from dataclasses import replace

    from firstshell.api.data import training_data
    from firstshell.prediction.robustness import study_curves
    from firstshell.report.build import build_report
    from firstshell.report.words.study import console
    from firstshell.runtime.progress import make_reporter
    from firstshell.runtime.store import Store
    from firstshell.study.samples import study_metals
    from firstshell.study.study import run_study

    plan = read_plan(config, set_, preset)
    if metal:
        plan = replace(plan, metals=words(metal))
    dataset = training_data(data, with_)
    result = run_study(dataset, plan, out=out, workers=workers, reporter=make_reporter(progress), backend=backend)
    curves = None
    if robustness:
        with Store.open(out / "store") as store:
            curves = study_curves(dataset, study_metals(dataset, plan), store, make_reporter(progress), workers=workers)
    page = build_report(result, dataset, out, curves, workers=workers, reporter=make_reporter(progress))
    say(console(result))
    say(f"wrote {page}")
