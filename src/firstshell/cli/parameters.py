"""What several commands take in the same words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

Config = Annotated[
    Path | None,
    Parameter(help="A study.toml; its tables [xanes], [exafs], [pdf] and [dpdf] hold the settings of each modality."),
]
Changes = Annotated[tuple[str, ...], Parameter(name="--set", negative="")]
"""Single settings; each command gives an example of its own."""
Partial = Annotated[Literal["refuse", "round"], Parameter(help="What to do with partly occupied positions.")]
Workers = Annotated[int | None, Parameter(help="Processes; one a core by default.")]
Backend = Annotated[
    Literal["auto", "sklearn", "intelex"],
    Parameter(help="Which forest: scikit-learn's, scikit-learn-intelex's, or the faster one that is installed."),
]
Progress = Annotated[
    Literal["auto", "rich", "plain", "json", "none"],
    Parameter(help="How progress is shown."),
]
