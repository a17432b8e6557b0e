"""`firstshell study`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from firstshell.cli.parameters import Backend, Changes, Progress, Workers
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

    The default predicts 3 targets from 5 inputs over 10 grouped and 3 random splits. An interrupted run
    resumes. The answer is OUT/report.html; figures, tables and scores lie beside it.

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
    from firstshell.api.study import run_study
    from firstshell.runtime.progress import make_reporter

    found = run_study(
        data,
        out=out,
        preset=preset,
        metal=metal,
        with_=with_,
        config=config,
        set_=set_,
        workers=workers,
        backend=backend,
        reporter=make_reporter(progress),
    )
    page = found.report(out, robustness=robustness, workers=workers, reporter=make_reporter(progress))
    say(str(found))
    say(f"wrote {page}")
