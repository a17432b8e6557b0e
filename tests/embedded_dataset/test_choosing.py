"""Choice among hypothetical oxides: balanced in classes, diverse in parents, cheap first."""

import pytest

from embedded_dataset.choosing import Candidate, candidate, choose
from embedded_dataset.substitution import derive
from firstshell.errors import InputError


def test_choice_is_balanced_diverse_and_cheap() -> None:
    def make(id: str, charge: int, number: int, series: str, atoms: int, sites: int = 1) -> Candidate:  # noqa: A002
        return Candidate(id, charge, number, series, frozenset({"O", series}), atoms, sites)

    pool = [make(f"a{i}", 3, 6, f"s{i % 3}", 10 + i) for i in range(9)]
    pool += [make("b0", 3, 4, "s0", 90), make("b1", 3, 4, "s0", 20, sites=2), make("b2", 3, 4, "t", 50)]
    pool += [make("c0", 2, 6, "s0", 30)]
    picked = choose(pool, 7)
    assert picked == ["c0", "b2", "a0", "b0", "a1", "b1", "a2"]
    assert choose(pool[::-1], 7) == picked
    assert choose(pool, 4) == picked[:4]
    assert sorted(choose(pool, 99)) == sorted(each.id for each in pool)
    assert choose([], 3) == choose(pool, 0) == []
    with pytest.raises(InputError, match="-1 structures"):
        choose(pool, -1)


def test_what_a_choice_knows() -> None:
    each = candidate(derive("amcsd-02231/Mg1>Fe2+"))  # spinel
    assert (each.charge, each.coordination, each.sites, each.atoms) == (2, 4, 1, 14)
    assert each.company == {"Al", "O"}
    assert each.effort == (1, 3 * 14)
