"""`firstshell advise`."""

from pathlib import Path

from firstshell.cli.parameters import Backend, Changes, Progress, Workers, say_written
from firstshell.runtime.console import say


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
    curves and the advice; OUT/advice.csv holds the numbers, OUT/curves.png and .svg show them. An interrupted run
    resumes.

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
    from firstshell.api.advise import advise as advice_on
    from firstshell.runtime.progress import make_reporter

    found = advice_on(
        data,
        metal=metal,
        target=target,
        inputs=inputs,
        sizes=sizes,
        repeats=repeats,
        out=out,
        config=config,
        set_=set_,
        workers=workers,
        backend=backend,
        reporter=make_reporter(progress),
    )
    written = found.save(out)
    say(f"{found}\n")
    say_written(written)
