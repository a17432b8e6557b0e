"""Figures draw the study's numbers, in the paper's colours and hatches."""

import io
import itertools
import re
from dataclasses import replace
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from fake_study import fake_study
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from firstshell.prediction.robustness import COLUMNS
from firstshell.report import display as module
from firstshell.report import reading
from firstshell.report.display import plot_panel, svg
from firstshell.report.figures import study as figures
from firstshell.report.figures.predictions import confusion, parity
from firstshell.report.figures.robustness import robustness
from firstshell.report.figures.scores import change_frame, change_panel, score_frame, score_panel
from firstshell.report.figures.targets import differential_figure, target_figure
from firstshell.report.style import METALS, hatch, input_rank, metal_colour, number
from firstshell.report.svg import inline
from firstshell.study.plan import StudyPlan
from firstshell.types import Grid, Metric, Target
from synthetic import synthetic_dataset

TRIPLET = ["xanes", "pdf", "xanes+pdf"]


@pytest.fixture(scope="module")
def data():
    return synthetic_dataset(45, ("Fe", "Cu"))


@pytest.fixture(scope="module")
def study(data):
    return fake_study(data, repeats=3)


@pytest.mark.slow
def test_bars_are_as_high_as_the_scores_and_baselines_stand_where_they_should(study):
    scores = score_frame(study, Target.OXIDATION_STATE, TRIPLET)
    axes = plot_panel(score_panel(scores, Target.OXIDATION_STATE, TRIPLET, "")).axes[0]
    heights = [round(bar.get_height(), 9) for bar in axes.patches if bar.get_hatch() is not None]
    expected = [round(reading.score(scores, m, n)[0], 9) for m in ("Fe", "Cu") for n in TRIPLET]
    assert heights == expected
    lines = {round(float(line.get_ydata()[0]), 9) for line in axes.lines if len(set(line.get_ydata())) == 1}
    for metal in ("Fe", "Cu"):
        for baseline in ("modal", "composition"):
            assert round(reading.score(scores, metal, baseline)[0], 9) in lines


def test_a_better_rmse_is_drawn_below_zero(study):
    changes = change_frame(study, Target.BOND_LENGTH)
    assert set(changes["with"]) == {"xanes+pdf", "xanes+dpdf"}
    axes = plot_panel(change_panel(changes, "")).axes[0]
    drawn = sorted(round(bar.get_height(), 9) for bar in axes.patches if bar.get_hatch() is not None)
    assert drawn == sorted(round(-value, 9) for value in changes["difference"])
    assert max(drawn) < 0


def test_hatches_tell_inputs_apart_and_colours_metals():
    inputs = StudyPlan().inputs
    assert len({hatch(name) for name in inputs}) == len(inputs)
    assert sorted(set(inputs), key=input_rank) == list(inputs)
    metals = [*METALS, "Sc", "V", "Cr", "Co", "Ni", "Zn", "Zr", "Nb", "Mo"]
    colours = np.array([to_rgb(metal_colour(metal)) for metal in metals])
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=-1) + np.eye(len(metals))
    assert apart.min() > 0.14  # of √3 between black and white
    assert metal_colour("Ni") == metal_colour("Ni")


def test_importance_curves_are_those_of_the_study(study, data):
    frame = target_figure(study, data, Target.BOND_LENGTH).frame()
    curve = reading.pick(frame, part="importance", metal="Cu", inputs="xanes+pdf", modality="pdf")
    source = reading.pick(
        study.impurity, metal="Cu", target="bond_length", split="grouped", inputs="xanes+pdf", modality="pdf"
    )
    np.testing.assert_array_equal(curve["mean"], source["mean"])
    np.testing.assert_array_equal(curve["position"], data.grids["pdf"].values)
    used = reading.samples(study, data, "Cu", Target.BOND_LENGTH).spectra["pdf"]
    np.testing.assert_allclose(curve["spectrum"].to_numpy(float), used.mean(axis=0), atol=1e-12)


def test_prominent_features_are_found_and_noise_is_not():
    x = np.linspace(0, 10, 101)
    curve = np.exp(-((x - 2) ** 2)) + 0.6 * np.exp(-((x - 7) ** 2)) + 0.02 * np.sin(40 * x)
    found = x[reading.prominent(curve)]
    np.testing.assert_allclose(found, [2, 7], atol=0.2)


def test_the_end_of_an_axis_is_no_peak():
    assert reading.prominent(np.linspace(1, 0, 11)) == []
    assert reading.prominent(np.array([1.0, 0.2, 0.8, 0.1, 0.9])) == [2]


def test_labels_stay_within_the_frame_and_off_the_baselines():
    rows = [
        ("Cu", "xanes", 3.05, 0.9),
        ("Cu", "pdf", 4.0, 2.5),
        ("Cu", "modal", 4.1, 0.1),
        ("Cu", "composition", 4.2, 0.1),
    ]
    for target, scale in ((Target.BOND_LENGTH, 1.0), (Target.OXIDATION_STATE, 0.15)):
        scores = pd.DataFrame(
            [(m, n, scale * a, scale * s) for m, n, a, s in rows], columns=["metal", "inputs", "mean", "std"]
        )
        figure = plot_panel(score_panel(scores, target, ["xanes", "pdf"], ""))
        axes = figure.axes[0]
        figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in axes.texts]
        assert len(boxes) == 2
        lines = [axes.transData.transform((0, scale * level))[1] for level in (4.1, 4.2)]
        for box in boxes:
            assert box.y1 <= axes.bbox.y1
            assert not any(box.y0 < line < box.y1 for line in lines)


@pytest.mark.slow
def test_features_of_single_inputs_are_repeated_on_the_combined_plot(study, data):
    for panel in target_figure(study, data, Target.OXIDATION_STATE).panels[1:]:
        axes = [a for a in plot_panel(panel).axes if a.get_title(loc="left")]
        dotted = [[round(line.get_xdata()[0], 6) for line in a.lines if line.get_linestyle() == ":"] for a in axes]
        assert len(dotted) == 4
        assert dotted[0] == dotted[2]
        assert dotted[1] == dotted[3]
        assert dotted[0]


def test_confusion_counts_every_prediction_once(study):
    frame = confusion(study, Target.COORDINATION_NUMBER).frame()
    held = reading.pick(study.predictions, metal="Fe", target="coordination_number", split="grouped", inputs="pdf")
    rows = reading.pick(frame, metal="Fe", inputs="pdf")
    assert rows["count"].sum() == len(held)
    np.testing.assert_allclose(rows.groupby("true")["fraction"].sum(), 1.0)
    right = rows.loc[rows["true"] == rows["predicted"], "count"].sum()
    assert right == (held["true"] == held["predicted"]).sum()


def test_parity_tells_the_rmse_of_its_points(study):
    rows = reading.pick(parity(study).frame(), metal="Cu", inputs="dpdf")
    rmse = float(np.sqrt(np.mean((rows["true"] - rows["predicted"]) ** 2)))
    assert f"dPDF {rmse:.4f} Å" in " ".join(panel.alt for panel in parity(study).panels)


@pytest.mark.slow
def test_one_metal_leaves_no_empty_panel():
    data = synthetic_dataset(45, ("Cu",))
    study = fake_study(data, repeats=3)
    for display in [*figures.main_figures(study, data), *figures.prediction_figures(study)]:
        for panel in display.panels:
            visible = [axes for axes in plot_panel(panel).axes if axes.get_visible()]
            assert visible
            assert all(axes.has_data() for axes in visible)


def test_gains_are_drawn_where_a_measurement_beside_the_papers_is_studied(study, data):
    assert figures.gain_figures(study) == []
    grid = Grid(np.linspace(2.5, 12.0, 20), "k", "Å⁻¹")
    waves = np.random.default_rng(0).normal(size=(len(data.frame), 20))
    data = replace(data, spectra=data.spectra | {"exafs": waves}, grids=data.grids | {"exafs": grid})
    inputs = ("xanes", "exafs", "pdf", "xanes+pdf", "xanes+exafs")
    (display,) = figures.gain_figures(fake_study(data, repeats=3, inputs=inputs, targets=("bond_length",)))
    frame = reading.pick(display.frame(), metal="Cu")
    pairs = set(zip(frame["without"], frame["with"], frame["added"], strict=True))
    more = {("xanes", "xanes+exafs", "exafs"), ("exafs", "xanes+exafs", "xanes")}
    assert pairs == more | {("xanes", "xanes+pdf", "pdf"), ("pdf", "xanes+pdf", "xanes")}
    axes = plot_panel(display.panels[0]).axes[0]
    drawn = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert sorted(drawn) == sorted(display.frame()["difference"])
    assert "Cu  EXAFS added to XANES" in [each.get_text() for each in axes.get_yticklabels()]


def test_without_a_combination_the_fourth_figure_still_stands(data):
    study = fake_study(data, repeats=3, inputs=("xanes", "dpdf"), targets=("bond_length",))
    display = differential_figure(study, data)
    assert set(display.frame()["inputs"].dropna()) <= {"xanes", "dpdf", "composition", "modal"}
    assert len(display.panels) == 1


@pytest.mark.slow
def test_a_figure_is_drawn_once_for_page_and_files(study, data, monkeypatch):
    display = target_figure(study, data, Target.OXIDATION_STATE)
    calls, real = [], module.plot_panel
    monkeypatch.setattr(module, "plot_panel", lambda panel: calls.append(panel) or real(panel))
    made = module.drawn(display)
    assert calls == display.panels
    root = ElementTree.fromstring(made.svg)
    parts = [part for part in root if part.tag.endswith("svg")]
    assert len(parts) == len(display.panels) == len(made.panels)
    boxes = [[float(part.get(side)) for side in ("x", "y", "width", "height")] for part in parts]
    assert all(a[0] + a[2] <= b[0] + 1e-6 or a[1] + a[3] <= b[1] + 1e-6 for a, b in itertools.pairwise(boxes))
    image = plt.imread(io.BytesIO(made.png), format="png")
    assert image.shape[1] == pytest.approx(module.DPI * sum(panel.width for panel in display.rows[0]), abs=2)
    for i, panel in enumerate(display.panels):  # every panel has ink in its place
        left = round(module.DPI * sum(each.width for each in display.panels[:i]))
        assert image[:, left : left + round(module.DPI * panel.width), :3].min() < 0.5


def test_small_multiples_hide_what_is_left_over():
    figure, seen = Figure(), []
    axes = module.small_multiples(figure, ["a", "b", "c", "d"], lambda _, item: seen.append(item), columns=3)
    assert seen == ["a", "b", "c", "d"]
    assert len(axes) == 4
    assert [each.get_visible() for each in figure.axes] == [True] * 4 + [False] * 2


def test_robustness_has_error_bars_and_at_most_four_lines():
    rows = [
        (metal, "xanes", "noise", "edge steps", amount, model, repeat, target.value, "m", 0.9 - amount + 0.01 * repeat)
        for metal in ("Ti", "V", "Mn", "Fe", "Cu")
        for amount in (0.0, 0.1)
        for model in ("augmented", "plain")
        for repeat in (0, 1)
        for target in Target
    ]
    display = robustness(pd.DataFrame(rows, columns=COLUMNS), "xanes")
    assert "Cu: in the CSV" in display.caption
    assert set(display.frame()["model"]) == {"augmented", "plain"}
    for panel in display.panels:
        axes = plot_panel(panel).axes[0]
        assert len(axes.containers) == 4  # one error bar each
        assert axes.get_title(loc="left")
        assert "(edge steps)" in axes.get_xlabel()


def test_svgs_of_one_page_share_no_ids_and_follow_the_theme(study):
    panel = score_panel(score_frame(study, Target.OXIDATION_STATE, TRIPLET), Target.OXIDATION_STATE, TRIPLET, "A < B")
    raw = svg(plot_panel(panel))
    texts = [inline(raw, prefix, 'say "this" & that') for prefix in ("a", "b")]
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in texts]
    assert ids[0]
    assert not ids[0] & ids[1]
    for text, own in zip(texts, ids, strict=True):
        assert set(re.findall(r"url\(#([^)]+)\)", text)) <= own
        assert "var(--ink)" in text
        assert not re.search('#1b1b1b|#fefefe|<style|xmlns|<metadata|width="[0-9.]+pt', text)
        assert "A &lt; B" in text
        assert "say &quot;this&quot; &amp; that" in text


def test_numbers_have_a_true_minus_and_no_nan():
    assert number(Metric.RMSE_PERCENT, -0.123) == "−0.12"
    assert number(Metric.F1_WEIGHTED, 0.5, sign=True) == "+0.500"
    assert number(Metric.RMSE, float("nan")) == "–"
    assert number(Metric.F1_WEIGHTED, -0.0001, sign=True) == "+0.000"
