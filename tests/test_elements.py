import pytest
import xraydb

from firstshell.elements import K_EDGES, k_edge
from firstshell.errors import InputError


def test_the_table_is_that_of_xraydb():
    assert len(K_EDGES) == 98
    for symbol, energy in K_EDGES.items():
        assert xraydb.xray_edge(symbol, "K").energy == energy
        assert xraydb.atomic_symbol(xraydb.atomic_number(symbol)) == symbol


@pytest.mark.parametrize("name", ["", "fe", "Xx", "Fe2O3", "26"])
def test_what_is_no_element_has_no_edge(name):
    with pytest.raises(InputError, match="not an element with a K edge"):
        k_edge(name)
