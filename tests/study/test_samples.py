from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstshell.dataset.table import Dataset
from firstshell.errors import InputError
from firstshell.study.features import design_matrix, element_fractions, source_matrices
from firstshell.study.plan import StudyPlan
from firstshell.study.samples import choose_samples, group_codes, held_out, study_metals
from firstshell.types import Target
from synthetic import synthetic_dataset

OXIDATION, NUMBER, LENGTH = Target
PLAN = StudyPlan(repeats=4)


def changed(data, **columns):
    """Return the dataset with some columns set: {name: {row: value}}."""
    frame = data.frame.copy()
    for name, values in columns.items():
        for row, value in values.items():
            frame.loc[row, name] = value
    return Dataset(frame, data.spectra, data.grids, data.settings, data.excluded)


def test_every_drop_is_counted():
    data = changed(
        synthetic_dataset(60),
        missing_sites={0: 1, 1: 2},
        oxidation_state={2: pd.NA},
        coordination_number={3: pd.NA, 4: 8, 5: 8, 6: 8},
        bond_length={7: np.nan},
    )
    chosen = choose_samples(data, PLAN, "Cu", LENGTH)
    assert chosen.dropped == {
        "a site has no spectrum": 2,
        "no single oxidation state": 1,
        "no single coordination number": 1,
        "no mean bond length": 1,
        "another coordination number than those studied": 3,
    }
    assert len(chosen.rows) + sum(chosen.dropped.values()) == 60
    assert "no mean bond length" not in choose_samples(data, PLAN, "Cu", OXIDATION).dropped
    incomplete = choose_samples(data, StudyPlan(repeats=4, incomplete=True), "Cu", OXIDATION)
    assert "a site has no spectrum" not in incomplete.dropped
    every_number = choose_samples(data, StudyPlan(repeats=4, coordination_numbers=()), "Cu", OXIDATION)
    assert len(every_number.rows) == 60 - 2 - 1 - 1


def test_classes_in_too_few_groups_are_left_out():
    data = changed(synthetic_dataset(60), oxidation_state=dict.fromkeys(range(9), 1))  # nine samples, three formulas
    chosen = choose_samples(data, PLAN, "Cu", OXIDATION)
    assert set(chosen.classes) == {2, 3}
    assert chosen.dropped == {"class 1 in fewer than 4 groups": 9}
    assert set(np.unique(chosen.groups)) == set(range(len(np.unique(chosen.groups))))
    assert set(choose_samples(data, StudyPlan(repeats=4, min_class=3), "Cu", OXIDATION).classes) == {1, 2, 3}


def test_sites_need_their_own_label_only():
    data = synthetic_dataset(30, sites=True)
    sites = np.flatnonzero(data.frame["level"] == "site")
    data = changed(data, oxidation_state={sites[0]: pd.NA})
    plan = StudyPlan(repeats=4, level="site")
    assert len(choose_samples(data, plan, "Cu", NUMBER).rows) == 60
    assert len(choose_samples(data, plan, "Cu", OXIDATION).rows) == 59


def test_groups():
    frame = pd.DataFrame(
        {
            "formula": ["CuO", "CuO", "MgO2Cu", "CuO"],
            "composition": ["Cu1 O1", "Cu1 O1", "Mg1 Cu1 O2", "Cu1 O1"],
            "space_group": [15, 15, 15, 225],
            "group": [""] * 4,
        }
    )
    for by in ("formula", "chemical_system"):
        first, second, other, fourth = group_codes(frame, by)
        assert first == second == fourth != other
    a, b, c, d = group_codes(frame, "prototype")
    assert a == b
    assert len({a, c, d}) == 3


def grouped_by_hand(formulas, series):
    """Components of samples that share a formula or a named series, by merging sets."""
    sets = []
    for i, keys in enumerate(zip(formulas, series, strict=True)):
        merged = {i}
        for other in [s for s in sets if any(keys[0] == formulas[j] or keys[1] == series[j] != "" for j in s)]:
            sets.remove(other)
            merged |= other
        sets.append(merged)
    return {frozenset(s) for s in sets}


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["", "", "a", "b", "c", "d"])), max_size=30))
@settings(deadline=None, max_examples=200)
def test_groups_are_tied_by_formula_or_series_however_indirectly(drawn):
    formulas, series = ([pair[k] for pair in drawn] for k in (0, 1))
    codes = group_codes(pd.DataFrame({"formula": formulas, "group": series}, dtype=str), "formula")
    assert {frozenset(np.flatnonzero(codes == code).tolist()) for code in set(codes)} == grouped_by_hand(
        formulas, series
    )
    assert set(codes) == set(range(len(set(codes))))


def test_a_grouped_split_keeps_parents_and_series_on_one_side():
    data = synthetic_dataset(90, derived=True)  # three materials a formula, two formulas a parent
    chosen = choose_samples(data, PLAN, "Cu", NUMBER)
    assert len(np.unique(chosen.groups)) == 15
    assert set(chosen.origins) == {"natural", "derived"}
    parents = data.frame["group"].to_numpy(str)[chosen.rows]
    for repeat in range(4):
        held = held_out(chosen, PLAN, "grouped", repeat)
        assert held.any()
        assert not set(parents[held]) & set(parents[~held])


def test_prototype_ignores_which_elements():
    columns = {"formula": ["a", "b"], "composition": ["Cu1 O1", "Mg1 S1"], "space_group": [225, 225], "group": ["", ""]}
    frame = pd.DataFrame(columns)
    assert len(set(group_codes(frame, "prototype"))) == 1
    assert len(set(group_codes(frame, "chemical_system"))) == 2


def test_splits_do_not_depend_on_the_order_of_rows_or_on_the_inputs():
    data = synthetic_dataset(60)
    shuffled = data.take(np.random.default_rng(0).permutation(60))

    def tested(data, plan):
        chosen = choose_samples(data, plan, "Cu", NUMBER)
        return data.frame["id"].iloc[chosen.rows[held_out(chosen, plan, "grouped", 2)]].tolist()

    assert tested(data, PLAN) == tested(shuffled, PLAN) == tested(data, StudyPlan(repeats=4, inputs=("pdf",)))
    assert tested(data, PLAN) != tested(data, StudyPlan(repeats=4, seed=1))


def test_repeats_are_new_splits_or_new_seeds():
    chosen = choose_samples(synthetic_dataset(60), PLAN, "Cu", NUMBER)
    seeds = StudyPlan(repeats=4, repeat_over="seeds")
    assert not np.array_equal(held_out(chosen, PLAN, "random", 0), held_out(chosen, PLAN, "random", 1))
    assert np.array_equal(held_out(chosen, seeds, "random", 0), held_out(chosen, seeds, "random", 1))


def test_metals():
    data = synthetic_dataset(12, metals=("Fe", "Cu"))
    assert study_metals(data, StudyPlan()) == ("Cu", "Fe")
    assert study_metals(data, StudyPlan(metals=("Fe",))) == ("Fe",)
    with pytest.raises(InputError, match=r"the dataset has no samples of 'Cuu'. Did you mean 'Cu'\?"):
        study_metals(data, StudyPlan(metals=("Cuu",)))


def test_too_few_samples_and_one_class_are_refused():
    with pytest.raises(InputError, match="9 samples in 3 groups are too few for 10 splits"):
        choose_samples(synthetic_dataset(9), StudyPlan(min_class=2), "Cu", LENGTH)
    unlabelled = changed(synthetic_dataset(60), oxidation_state=dict.fromkeys(range(60), pd.NA))
    with pytest.raises(InputError, match=r"60 for no single oxidation state"):
        choose_samples(unlabelled, StudyPlan(), "Cu", OXIDATION)
    one_class = changed(synthetic_dataset(60), oxidation_state=dict.fromkeys(range(60), 2))
    with pytest.raises(InputError, match=r"Cu, oxidation state: all 60 samples are of one class \(2\)"):
        choose_samples(one_class, PLAN, "Cu", OXIDATION)


def test_a_fraction_that_holds_out_nothing_is_refused():
    with pytest.raises(InputError, match=r"0\.01 of 60 samples in 20 groups leaves none to hold out"):
        choose_samples(synthetic_dataset(60), StudyPlan(test_fraction=0.01), "Cu", NUMBER)


def test_features_stand_side_by_side_unscaled_in_the_order_named():
    data = synthetic_dataset(12)
    matrices = source_matrices(data, StudyPlan())
    rows = np.array([7, 3])
    made = design_matrix(matrices, "pdf+xanes", rows)
    assert made.dtype == np.float64
    assert np.array_equal(made, np.hstack([data.spectra["pdf"][rows], data.spectra["xanes"][rows]]))


def test_element_fractions():
    fractions = element_fractions(synthetic_dataset(6))  # LiCuO2 three times, NaCuO2 three times; Li, O, Na, Cu
    assert fractions[0].tolist() == [0.25, 0.5, 0, 0.25]
    assert fractions[5].tolist() == [0, 0.5, 0.25, 0.25]


def test_a_modality_that_the_data_lack_is_named():
    data = synthetic_dataset(12)
    less = Dataset(data.frame, {"xanes": data.spectra["xanes"]}, data.grids, data.settings, data.excluded)
    with pytest.raises(InputError, match=r"the dataset has no 'pdf' spectra. Choose inputs from: xanes"):
        source_matrices(less, StudyPlan())


def test_other_first_shells_are_left_out_and_counted():
    data = synthetic_dataset(60)
    shells = ["S"] * 6 + [""] * 4 + ["O"] * 50
    named = replace(data, frame=data.frame.assign(ligand=shells))
    samples = choose_samples(named, StudyPlan(), "Cu", Target.BOND_LENGTH)
    assert len(samples.rows) == 54  # where nothing is known, the sample stays
    assert samples.dropped == {"another first shell than O": 6}
    assert len(choose_samples(named, StudyPlan(ligands=()), "Cu", Target.BOND_LENGTH).rows) == 60
    assert len(choose_samples(data, StudyPlan(), "Cu", Target.BOND_LENGTH).rows) == 60
