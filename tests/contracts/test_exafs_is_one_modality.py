"""EXAFS came later than the other modalities: studies, figures and tables know it by its own description only."""

from pathlib import Path

import pytest

import firstshell
from firstshell import simulation

ROOT = Path(firstshell.__file__).parent
NAMES_IT = {"report/build.py": "dataset.exafs", "report/words/answer.py": "answers", "study/study.py": "dataset.exafs"}
"""Files that call what makes EXAFS of scattering paths, or say up to which k it is used in an answer."""


@pytest.mark.parametrize("room", ["study", "report", "web"])
def test_no_list_elsewhere_names_it(room):
    naming = {str(path.relative_to(ROOT)) for path in (ROOT / room).rglob("*.py") if "exafs" in path.read_text("utf-8")}
    assert naming <= NAMES_IT.keys()


def test_it_is_found_by_its_file():
    modality = simulation.get("exafs")
    assert modality.on_request
    assert modality.from_paths is not None
    assert "exafs" not in simulation.standard()
    assert "exafs" in simulation.ranked()
