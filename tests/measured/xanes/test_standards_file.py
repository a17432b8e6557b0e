import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from firstshell.errors import InputError
from firstshell.measured import standards_file
from firstshell.measured.standards_file import mean_state
from firstshell.types import Labels


@pytest.fixture(scope="module")
def manganosite():
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.446), ["Mn", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])


def test_bond_valences_give_the_oxidation_state_unless_the_list_does(manganosite):
    assert mean_state(manganosite, "Mn") == 2.0
    assert mean_state(manganosite, "Mn", "") == 2.0
    assert mean_state(manganosite, "Mn", "2.667") == 2.667


@pytest.mark.parametrize("text", ["two", "nan", "40"])
def test_what_is_no_oxidation_state_is_refused(manganosite, text):
    with pytest.raises(InputError, match="is none"):
        mean_state(manganosite, "Mn", text)


def test_a_standard_without_an_oxidation_state_asks_for_the_column(manganosite, monkeypatch):
    monkeypatch.setattr("firstshell.crystal.labels.label_sites", lambda *_: [Labels()])
    with pytest.raises(InputError, match='column "oxidation_state"'):
        standards_file.mean_state(manganosite, "Mn")
