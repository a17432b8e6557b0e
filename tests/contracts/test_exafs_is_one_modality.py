"""EXAFS came later than the other modalities: studies, figures and tables know it by its own description only."""

from pathlib import Path

import pytest

import firstshell
from firstshell import simulation

ROOT = Path(firstshell.__file__).parent
NAMES_IT = {
    "report/build.py": "makes it of scattering paths",
    "study/study.py": "makes it of scattering paths",
    "study/curves.py": "makes it of scattering paths",
    "report/words/answer.py": "says up to which k it is used",
    "report/words/match.py": "says what was fitted",
    "report/match_report.py": "says from which file it is",
    "web/service.py": "waits for its model beside that of the XANES",
}
"""Files that name it, and why."""


@pytest.mark.parametrize("room", ["study", "report", "web"])
def test_no_list_elsewhere_names_it(room):
    naming = {str(path.relative_to(ROOT)) for path in (ROOT / room).rglob("*.py") if "exafs" in path.read_text("utf-8")}
    assert sorted(naming - NAMES_IT.keys()) == []


def test_it_is_found_by_its_file():
    modality = simulation.get("exafs")
    assert modality.on_request
    assert modality.from_paths is not None
    assert "exafs" not in simulation.standard()
    assert "exafs" in simulation.ranked()
