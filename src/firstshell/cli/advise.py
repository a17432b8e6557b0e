"""`firstshell advise`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from firstshell.api.settings import read_plan
from firstshell.cli.parameters import Backend, Changes, Progress, Workers, words
from firstshell.runtime.console import say

if TYPE_CHECKING:
    import pandas as pd


def advise(
    data: Path | None = None,
    /,
    *,
    metal: str,
    target: str = "",
    inputs: str = "",
    sizes: str = "",
    repeats: int | None = None,
    out: Path = Path("advice"),
    config: Path | None = None,
    set_: Changes = (),
    workers: Workers = None,
    backend: Backend = "auto",
    progress: Progress = "auto",
) -> None:
    """Advise which measurement to take, with the error to expect and the gain from more training materials.

    Forests are trained on parts of the data and tested on materials held out. Printed are the errors, the learning
    curves and the advice; OUT/advice.csv holds the numbers, OUT/curves.png and .svg show them. A run that was stopped
    goes on where it was.

    Example: firstshell advise --metal Fe --target bond_length

    Parameters
    ----------
    data
        A dataset; the one that comes with firstshell by default.
    metal
        The metal to be measured.
    target
        oxidation_state, coordination_number or bond_length, or several as in a,b; all by default.
    inputs
        Measurements to choose from, as in xanes,pdf,xanes+pdf; by default those of a study.
    sizes
        Parts of the training side to train on, as in 0.25,0.5,1; five from 0.1 to 1 by default.
    repeats
        Splits; 10 by default.
    out
        The folder for table and figure.
    config
        A study.toml; its table [study] changes the settings.
    set_
        One setting, as in --set study.seed=1.

    """
    from dataclasses import replace

    from firstshell.dataset.embedded import load_dataset
    from firstshell.report.words.advice import summary
    from firstshell.runtime.progress import make_reporter
    from firstshell.runtime.spreadsheet import write_csv
    from firstshell.study.advice import advice_table
    from firstshell.study.curves import SIZES, run_curves

    plan = read_plan(config, set_)
    named = {"targets": words(target), "inputs": words(inputs), "repeats": repeats}
    plan = replace(plan, **{name: value for name, value in named.items() if value not in ((), None)})
    curves = run_curves(
        load_dataset(data),
        metal,
        plan,
        sizes=_numbers(sizes) or SIZES,
        out=out,
        workers=workers,
        reporter=make_reporter(progress),
        backend=backend,
    )
    table = advice_table(curves)
    write_csv(table, out / "advice.csv")
    _draw(table, plan.level, out)
    say(summary(curves, table))
    say(f"\nwrote {out / 'advice.csv'}, curves.png, curves.svg")


def _numbers(text: str) -> tuple[float, ...]:
    from firstshell.errors import InputError

    try:
        return tuple(float(part) for part in words(text))
    except ValueError as error:
        raise InputError(f"--sizes {text!r} are not numbers", remedy="Write them as in --sizes 0.25,0.5,1") from error


def _draw(table: pd.DataFrame, level: str, out: Path) -> None:
    from firstshell.report.figures.advice import curves_figure
    from firstshell.report.pictures import save_picture
    from firstshell.report.style import paper_style

    with paper_style():
        save_picture(curves_figure(table, level), out / "curves", dpi=200)
