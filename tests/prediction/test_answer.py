from dataclasses import replace

import numpy as np
import pytest

from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.measured.composition import composition_advice, contradicts
from firstshell.measured.read import PdfConditionsGiven, read_samples
from firstshell.measured.xanes.transfer import over_absorbed
from firstshell.prediction import forest_output, non_oxides
from firstshell.prediction.answer import Answers, _apart, answer, answer_all
from firstshell.prediction.explain import WINDOWS, evidence
from firstshell.prediction.model import make_predictor
from firstshell.prediction.resemblance import NEAREST
from firstshell.report.answer_json import to_json
from firstshell.report.answer_table import frame
from firstshell.report.words import answer as wording
from firstshell.types import Target
from quick import BOTH, QUICK, write_gr, write_scan, write_xdi


@pytest.fixture
def models(xanes_model, both_model):
    """Models as a command would train them: by metal and inputs."""

    def find(metal, inputs, radiation):
        known = {("Cu", ("xanes",)): xanes_model, ("Cu", ("xanes", "pdf")): both_model}
        if (metal, tuple(inputs)) not in known:
            raise InputError(f"no model of {metal} from {inputs}", remedy="Train one")
        return known[metal, tuple(inputs)]

    return find


def ask(files, models, metal=None, **given):
    return answer_all(read_samples(files, metal, **given), metal, models)


def test_a_scan_is_answered(tmp_path, models):
    found = ask([write_scan(tmp_path / "a.dat", charge=3, number=6)], models)
    assert isinstance(found, Answers)
    assert (len(found), found.refused) == (1, ())
    answer = found[0]
    assert (answer.metal, answer.inputs, answer.sample.sources) == ("Cu", "xanes", ("a.dat",))
    assert set(answer.predictions) == set(Target)
    assert answer.predictions[Target.OXIDATION_STATE].most_likely == 3
    alike = answer.resemblance["xanes"]
    assert len(alike.nearest) == NEAREST
    distances = [distance for _, distance in alike.nearest]
    assert distances == sorted(distances)
    assert alike.distance == distances[0]
    assert alike.axis.shape == alike.measured.shape == alike.alike.shape
    assert np.abs(alike.measured - alike.alike).max() < 0.2
    assert found[:1] == found.answered


def test_formats_give_the_same_answer(tmp_path, models):
    one, two = ask([write_scan(tmp_path / "a.dat"), write_xdi(tmp_path / "b.xdi")], models)
    for target in Target:
        assert one.predictions[target].value == pytest.approx(two.predictions[target].value, abs=0.05)


def test_what_is_like_nothing_is_outside_the_domain(tmp_path, models):
    path = write_scan(tmp_path / "a.dat")
    rows = np.loadtxt(path)
    rows[:, 1] += 0.25 * np.sin((rows[:, 0] - 8979) / 2.5) * (rows[:, 0] > 8995)
    np.savetxt(path, rows)
    (found,) = ask([path], models)
    assert not found.in_domain
    assert any("the answer is a guess" in warning for warning in found.warnings)


def test_a_metal_is_told_to_be_none_of_the_oxides(tmp_path, models):
    near, steps = non_oxides.curve("Cu", "metallic Cu")
    energy = np.concatenate([np.arange(-150, -5, 5.0), np.arange(-5, 50, 0.5), np.arange(50, 400, 5.0)])
    mu = 0.3 + 0.8 * np.interp(energy, [-70, *near], [0, *steps])
    np.savetxt(tmp_path / "a.dat", np.column_stack([energy + k_edge("Cu"), mu]), header="energy mu")
    (found,) = ask([tmp_path / "a.dat"], models)
    assert found.resemblance["xanes"].non_oxide[0] == "metallic Cu"
    assert not found.in_domain
    assert any("like metallic Cu" in warning for warning in found.warnings)
    assert "OUTSIDE the domain, it may be metallic Cu" in wording.paragraph(found)
    assert frame([found])["xanes_may_be"].tolist() == ["metallic Cu"]


def test_a_xanes_and_a_pdf_are_one_sample(tmp_path, models):
    files = [write_scan(tmp_path / "x.dat"), write_gr(tmp_path / "y.gr")]
    (found,) = ask(files, models)
    assert found.inputs == "xanes+pdf"
    assert found.sample.sources == ("x.dat", "y.gr")
    assert set(found.resemblance) == {"xanes", "pdf"}
    (alone,) = ask(files[:1], models)  # without a PDF, the model that was trained without
    assert alone.inputs == "xanes"


def test_a_header_that_speaks_of_another_sample_is_told(tmp_path, models):
    files = [write_scan(tmp_path / "x.dat"), write_gr(tmp_path / "y.gr")]
    assert not any("header" in warning for warning in ask(files, models)[0].warnings)
    files[1].write_text(files[1].read_text().replace("composition = CuO", "composition = Fe2O3"))
    (found,) = ask(files, models)
    assert any("Fe2O3, which holds no Cu" in warning for warning in found.warnings)
    assert not found.in_domain


@pytest.mark.parametrize(
    ("composition", "told"),
    [
        (None, ("does not say",)),
        ("sample 7", ("does not say",)),
        ("La0.2Mn0.2O0.6", ()),
        ("MnS", ("oxygen",)),
        ("Ti2 O4", ("no Mn",)),
        ("Ni", ("no Mn", "oxygen")),
    ],
)
def test_compositions(composition, told):
    found = composition_advice(composition, "Mn", oxides=True)
    assert len(found) == len(told)
    assert all(word in warning for word, warning in zip(told, found, strict=True))
    assert len(composition_advice(composition, "Mn", oxides=False)) == len([word for word in told if word != "oxygen"])
    assert contradicts(composition, "Mn", oxides=True) == (bool(told) and told != ("does not say",))


def test_pairs_of_many_files_have_one_name(tmp_path):
    for name in ("a", "b"):
        write_scan(tmp_path / f"{name}.dat")
    for name in ("b", "c"):
        write_gr(tmp_path / f"{name}.gr")
    reading = read_samples(sorted(tmp_path.iterdir()), "Cu")
    inputs = {sample.sources: sample.inputs for sample in reading.samples}
    assert inputs == {("a.dat",): ("xanes",), ("b.dat", "b.gr"): ("xanes", "pdf"), ("c.gr",): ("pdf",)}
    apart = read_samples(sorted(tmp_path.iterdir()), "Cu", pair=False)
    assert all(len(sample.inputs) == 1 for sample in apart.samples)


def test_what_is_said_of_pdfs_is_taken(tmp_path):
    given = PdfConditionsGiven(radiation="neutron", qmax=18.0, differential=True)
    (sample,) = read_samples([write_gr(tmp_path / "a.gr")], "Cu", pdf=given).samples
    assert sample.inputs == ("dpdf",)
    assert sample.radiation == "neutron"
    assert sample.pdf.conditions.qmax == 18.0


def test_files_that_cannot_be_used_are_named_and_the_others_answered(tmp_path, models):
    good, iron = write_scan(tmp_path / "good.dat"), write_scan(tmp_path / "iron.dat", "Fe")
    (tmp_path / "empty.dat").write_text("")
    alone = write_gr(tmp_path / "alone.gr")
    other = write_gr(tmp_path / "other.gr")
    found = ask([tmp_path / "absent.xdi", iron, good, tmp_path / "empty.dat", alone, other], models)
    assert [answer.sample.sources for answer in found] == [("good.dat",)]
    reasons = dict(found.refused)
    assert set(reasons) == {"absent.xdi", "empty.dat", "iron", "alone", "other"}
    assert "no model of Fe" in reasons["iron"]
    assert "its metal" in reasons["alone"]


def test_a_spectrum_of_another_element_says_both(tmp_path):
    with pytest.raises(InputError, match="K edge of Cu, not of Fe"):
        read_samples([write_scan(tmp_path / "a.dat", "Cu")], "Fe")


def bad(folder, name):
    path = folder / name
    if name == "without_i0.dat":
        scan = np.loadtxt(write_scan(folder / "s.dat"))
        path.write_text("# energy itrans\n" + "\n".join(f"{x} {1e5 * np.exp(-y)}" for x, y in scan))
    elif name == "misses_the_edge.dat":
        scan = np.loadtxt(write_scan(folder / "s.dat"))
        np.savetxt(path, scan[scan[:, 0] > 9020], header="energy mu")
    elif name == "in_q.gr":
        q = np.arange(0.5, 25, 0.02)
        rows = "\n".join(f"{x:.3f} {np.sin(3 * x) * np.exp(-x / 12) + 1:.5f}" for x in q)
        path.write_text(f"#### start data\n#L Q($\\AA^{{-1}}$)  S(Q)\n{rows}\n")
    elif name == "large.dat":
        with path.open("wb") as file:
            file.write(b"".join(b"%.1f %.4f\n" % (8900 + i / 10, i) for i in range(8000)))
            file.truncate(500_000_000)  # holes take no space
    elif name == "project.prj":
        path.write_text("# Athena project file -- Demeter version 0.9.26\n\n1;\n")
    return path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("without_i0.dat", "columns itrans.*i0 itrans"),
        ("misses_the_edge.dat", "misses the K edge of Cu"),
        ("in_q.gr", r"not r and G\(r\)"),
        ("large.dat", "MB"),
        ("project.prj", "no group"),
    ],
)
def test_bad_measurements_are_refused_in_words(tmp_path, name, message):
    with pytest.raises(InputError, match=message):
        read_samples([bad(tmp_path, name)], "Cu")


def test_a_pdf_of_a_wrong_scale_is_told(tmp_path):
    path = write_gr(tmp_path / "a.gr")
    lines = path.read_text().splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("#L")) + 1
    scaled = [f"{line.split()[0]} {1000 * float(line.split()[1])}" for line in lines[head:]]
    path.write_text("\n".join([*lines[:head], *scaled]))
    (sample,) = read_samples([path], "Cu").samples
    assert any("scale" in warning or "RMS" in warning for warning in sample.pdf.warnings)


def test_all_reasons_are_told_when_nothing_can_be_used(tmp_path, models):
    (tmp_path / "empty.dat").write_text("")
    with pytest.raises(InputError, match=r"none of 2 can be used.*absent\.dat.*empty\.dat"):
        read_samples([tmp_path / "absent.dat", tmp_path / "empty.dat"], "Cu")
    with pytest.raises(InputError, match="no files"):
        read_samples([], "Cu")
    with pytest.raises(InputError, match="no model of Fe"):
        ask([write_scan(tmp_path / "iron.dat", "Fe")], models)


@pytest.mark.parametrize("amount", [0.0, 0.7])
def test_windows_add_up_to_the_answer_of_the_forest(both_model, tmp_path, amount, monkeypatch):
    monkeypatch.setattr(forest_output, "NEAREST", 0.0)  # evidence is the forest's
    reading = read_samples([write_scan(tmp_path / "a.dat", charge=3), write_gr(tmp_path / "a.gr")], "Cu")
    (found,) = answer(both_model, reading.samples)
    found.spectra["xanes"] = over_absorbed(found.spectra["xanes"], amount)
    start, windows = evidence(both_model, found.spectra)
    outputs = both_model.evaluate(found.spectra).outputs
    for target in Target:
        own = [each for each in windows if each.target is target]
        assert len(own) == 2 * WINDOWS
        total = start[target] + sum(each.contribution for each in own)
        assert total == pytest.approx(both_model.outputs.averages(target, outputs)[0], abs=1e-4)
    assert {each.unit for each in windows} == {"eV", "Å"}


@pytest.mark.slow
def test_every_measured_file_is_read(shared):
    folder = shared / "data" / "measured"
    if not folder.is_dir():
        pytest.skip("no measured files")
    lines = (folder / "truth.csv").read_text(encoding="utf-8").splitlines()[1:]
    for line in lines:
        name, metal = line.split(",")[:2]
        (sample,) = read_samples([f"{folder / name}"], metal).samples
        assert sample.inputs in (("xanes",), ("pdf",))
    projects = sorted(folder.glob("xanes/*.prj"))
    assert sum(len(read_samples([path]).samples) for path in projects) >= len(projects)


@pytest.fixture(scope="module")
def pdf_model(data):
    return make_predictor(data, "Cu", BOTH[1:], QUICK)


@pytest.mark.parametrize("number", [4, 6])
def test_each_measurement_speaks_alone_and_disputes_are_told(
    tmp_path, models, xanes_model, both_model, pdf_model, number
):
    single = {("xanes",): xanes_model, ("pdf",): pdf_model, ("xanes", "pdf"): both_model}
    files = [
        write_scan(tmp_path / "x.dat", number=4),
        write_gr(tmp_path / "y.gr", length=1.7 + number / 16, number=number),
    ]
    (plain,) = answer_all(read_samples(files, "Cu"), "Cu", models)
    assert plain.alone == {}
    (found,) = answer_all(read_samples(files, "Cu"), "Cu", models, "auto", lambda _, inputs, __: single[tuple(inputs)])
    assert set(found.alone) == {"xanes", "pdf"}
    assert found.predictions == plain.predictions
    (alone,) = answer(xanes_model, read_samples(files[:1], "Cu").samples)
    assert found.alone["xanes"] == alone.predictions
    disputed = any(
        max(each[target].interval[0] for each in found.alone.values())
        > min(each[target].interval[1] for each in found.alone.values())
        for target in Target
    )
    assert any("disagree on" in warning for warning in found.warnings) == disputed
    assert list(found.by_measurement) == ["xanes", "pdf", "xanes+pdf"]
    assert bool(found.disputed) == disputed
    said = wording.paragraph(found)
    assert "XANES alone             PDF alone               XANES + PDF" in said
    assert ("disagree\n" in said) == disputed
    (row,) = to_json([found])
    assert list(row["answers"]) == list(found.by_measurement)
    assert row["disagree on"] == [target.value for target in found.disputed]
    kept = row["answers"]["pdf"]["bond_length"]
    assert [kept["low"], kept["high"]] == list(found.alone["pdf"][Target.BOND_LENGTH].interval)
    assert "bond_length_pdf_alone (Å)" in frame([found]).columns


def test_intervals_that_share_nothing_are_apart():
    assert _apart([(2.0, 2.3), (2.4, 3.0)])
    assert not _apart([(2.0, 2.5), (2.4, 3.0)])


def test_parts_of_unlike_sites_are_said(tmp_path, models):
    (found,) = ask([write_scan(tmp_path / "a.dat", number=6)], models)
    assert 0.0 <= found.unlike_sites <= 1.0
    assert sum(found.sites.values()) == pytest.approx(1.0)
    mean = sum(number * share for number, share in found.sites.items())
    answer = found.predictions[Target.COORDINATION_NUMBER]
    assert abs(answer.value - answer.most_likely) <= abs(mean - answer.most_likely)  # nearer to the likeliest
    unlike, like = (wording.paragraph(replace(found, unlike_sites=share)) for share in (0.6, 0.1))
    assert "Sites may differ in coordination number (60 % of the forest): " in unlike
    assert "Sites may differ" not in like
    assert frame([found])["unlike_sites"].tolist() == [found.unlike_sites]
