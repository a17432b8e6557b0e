"""How scores decay as measurements get worse: for a model trained on disturbed simulations, and for plain ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline
from sklearn.metrics import f1_score

from firstshell.config import stable_hash, to_dict
from firstshell.dataset.table import Dataset
from firstshell.errors import EngineError, InputError
from firstshell.measured.pdf.match import as_measured
from firstshell.measured.xanes.population import Population, default_population
from firstshell.measured.xanes.training_grid import ENERGY
from firstshell.measured.xanes.transfer import Transfer
from firstshell.prediction.channels import Channel, XanesChannel
from firstshell.prediction.exafs_channel import ExafsChannel
from firstshell.prediction.exafs_samples import collect_exafs
from firstshell.prediction.outputs import Outputs
from firstshell.prediction.pdf_channel import PdfChannel
from firstshell.prediction.training import TrainingParams, fit
from firstshell.prediction.training_set import Samples, collect
from firstshell.runtime.progress import Reporter, Silent, stage
from firstshell.runtime.store import Record, Store
from firstshell.runtime.tasks import Failure, run_tasks
from firstshell.study.splits import Codes, hold_out, quantile_strata, seeded
from firstshell.types import Array, Metric, Target
from firstshell.units import EV_PER_K2

COLUMNS = ["metal", "modality", "disturbance", "unit", "amount", "model", "repeat", "target", "metric", "value"]
REPEATS = 2
EDITION = 3
"""Counts up when the same data give other curves."""
EXAFS_TRAINING = {"copies": 1, "max_features": 20}
"""Samples of EXAFS are copies already; features are fewer."""


@dataclass(frozen=True)
class Disturbance:
    """One way in which a measurement may be worse.

    amounts : what is tried, the harmless amount first
    apply : from spectra on the grid of the channel to worse ones
    """

    name: str
    unit: str
    amounts: tuple[float, ...]
    apply: Callable[[Array, float, np.random.Generator], Array]


@dataclass(frozen=True, eq=False)
class Model:
    """What one model of a modality is trained on and tested on.

    channel, samples : how training spectra are disturbed, and of which samples
    test_channel, tested : the same of test spectra; samples of the same groups
    training : settings of the training that differ from those of other modalities
    """

    channel: Channel
    samples: Samples
    test_channel: Channel
    tested: Samples
    training: Mapping[str, int] = field(default_factory=dict)


def _transferred(parameter: str) -> Callable[[Array, float, np.random.Generator], Array]:
    """Return what applies a transfer that differs from none in one parameter."""

    def apply(mu: Array, amount: float, _: np.random.Generator) -> Array:
        return Transfer(**{parameter: amount}).apply(ENERGY, mu)

    return apply


def _noisy(values: Array, amount: float, rng: np.random.Generator) -> Array:
    return np.asarray(values + amount * rng.normal(size=values.shape))


XANES = (
    Disturbance("energy shift", "eV", (0.0, -2.0, -1.0, -0.5, 0.5, 1.0, 2.0), _transferred("shift")),
    Disturbance("further broadening", "eV", (0.0, 0.5, 1.0, 1.5, 2.0), _transferred("sigma")),
    Disturbance("edge step, factor", "", (1.0, 0.9, 0.95, 1.05, 1.1), _transferred("scale")),
    Disturbance("noise", "edge steps", (0.0, 0.005, 0.01, 0.02, 0.05), _noisy),
)


def pdf_disturbances(channel: PdfChannel) -> tuple[Disturbance, ...]:
    """Return the disturbances of PDFs on a channel's grid."""
    grid = channel.grid

    def noisy(values: Array, amount: float, rng: np.random.Generator) -> Array:
        rms = np.sqrt(np.mean(values**2, axis=1, keepdims=True))
        return np.asarray(values + amount * rms * rng.normal(size=values.shape))

    return (
        Disturbance("Qmax", "1/Å", (30.0, 25.0, 22.0, 20.0, 18.0, 16.0), lambda g, q, _: as_measured(g, grid, qmax=q)),
        Disturbance("Qdamp", "1/Å", (0.0, 0.02, 0.04, 0.06, 0.08), lambda g, q, _: as_measured(g, grid, qdamp=q)),
        Disturbance("added Uiso", "Å²", (0.0, 0.003, 0.006, 0.01, 0.02), lambda g, u, _: as_measured(g, grid, du=u)),
        Disturbance("noise", "of the RMS of G", (0.0, 0.05, 0.1, 0.2, 0.4), noisy),
    )


def exafs_disturbances(channel: ExafsChannel) -> tuple[Disturbance, ...]:
    """Return the disturbances of k²χ(k) on a channel's mesh; a scan that ends early is zero from there on."""
    k = channel.k

    def ended(waves: Array, end: float, _: np.random.Generator) -> Array:
        return np.asarray(waves * (k <= end + 1e-9))

    def noisy(waves: Array, amount: float, rng: np.random.Generator) -> Array:
        return np.asarray(waves + amount * (k / 6.0) ** 2 * rng.normal(size=waves.shape))

    def moved(waves: Array, shift: float, _: np.random.Generator) -> Array:
        chi = CubicSpline(k, waves / k**2, axis=-1)
        return np.asarray(k**2 * chi(np.sqrt(k**2 + shift / EV_PER_K2)))

    return (
        Disturbance("end of the range", "1/Å", (channel.kmax, 6.5, 6.0, 5.5, 5.0), ended),
        Disturbance("noise of k²χ at 6 Å⁻¹", "Å⁻²", (0.0, 0.05, 0.1, 0.2, 0.4), noisy),
        Disturbance("shift of E0", "eV", (0.0, -4.0, -2.0, 2.0, 4.0), moved),
    )


def curves(
    data: Dataset,
    metal: str,
    population: Population,
    params: TrainingParams | None = None,
    reporter: Reporter | None = None,
) -> pd.DataFrame:
    """Return scores of models of one metal on held-out groups against each disturbance; columns `COLUMNS`.

    population : transfers that XANES may have been through; the plain model knows their mean only

    The augmented and the plain model are tested on the same spectra, XANES after the mean transfer, EXAFS under mean
    conditions; the plain one was never trained on a disturbed one. The third, of XANES alone, is of simulations only:
    trained on them as they are, on tabulated energies, and tested on them.

    Raises InputError when the data have too few samples of the metal.
    """
    params, reporter = params or TrainingParams(copies=6, trees=40), reporter or Silent()
    names = [name for name in MODELS if name in data.spectra]
    rows: list[tuple[object, ...]] = []
    with stage(reporter, f"Robustness of {metal}", REPEATS * len(names)):
        for name in names:
            trained, ways = MODELS[name](data, metal, population)
            samples = next(iter(trained.values())).tested
            for repeat in range(REPEATS):
                rng = seeded("robustness", params.seed, metal, name, repeat)
                held = samples.groups[hold_out(samples.groups, quantile_strata(samples.bond_length), 0.25, rng)]
                for label, model in trained.items():
                    rows += [
                        (metal, name, *part, label, repeat, *score, value)
                        for part, score, value in scores(model, np.unique(held), ways, params, rng)
                    ]
                reporter.advance()
    return pd.DataFrame(rows, columns=COLUMNS)


def study_curves(
    data: Dataset,
    metals: Sequence[str],
    store: Store | None = None,
    reporter: Reporter | None = None,
    *,
    workers: int | None = 0,
) -> pd.DataFrame:
    """Return the curves of several metals and all modalities that the data hold spectra of.

    Those of a metal without enough labelled samples are left out.

    store : where finished metals are kept, so that a second start does only the rest
    workers : processes; None takes one a core, 0 works in this process

    Raises EngineError when the curves of a metal could not be made.
    """
    chosen = {metal: default_population().of_metal(metal) for metal in metals}
    keys = {
        stable_hash(["robustness", EDITION, data.hash, metal, to_dict(each)]): metal for metal, each in chosen.items()
    }
    found = run_tasks(
        metal_curves, keys, shared=data, store=store, workers=workers, reporter=reporter, label="Robustness of answers"
    )
    parts = []
    for key, result in found.items():
        if isinstance(result, Failure):
            raise EngineError(f"the robustness of {keys[key]} could not be found: {result.reason}")
        if result.meta["rows"]:
            parts.append(pd.DataFrame(result.meta["rows"])[COLUMNS])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)


def metal_curves(data: Dataset, metal: str) -> Record:
    """Return the curves of one metal; meta: rows, empty where there are too few samples. One task."""
    try:
        return Record({"rows": curves(data, metal, default_population().of_metal(metal)).to_dict("list")})
    except InputError:  # reported by the study's checks
        return Record({"rows": {}})


Models = tuple[dict[str, Model], tuple[Disturbance, ...]]
"""Models by name, and the perturbations applied to what they are tested on."""


def xanes_models(data: Dataset, metal: str, population: Population) -> Models:
    """Return the models of XANES."""
    samples, pairs = collect(data, metal), xanes_channels(population)
    return {label: Model(one, samples, two, samples) for label, (one, two) in pairs.items()}, XANES


def xanes_channels(population: Population) -> dict[str, tuple[Channel, Channel]]:
    """Return how each model of XANES is trained, and the channel of what it is tested on."""
    still = replace(population, spread=dict.fromkeys(population.spread, 1e-09))
    plain, raw = XanesChannel(still, noise=0.0), XanesChannel(None, view="absolute")
    return {"augmented": (XanesChannel(population), plain), "plain": (plain, plain), "as simulated": (raw, raw)}


def pdf_models(data: Dataset, metal: str, _: Population) -> Models:
    """Return the models of PDFs."""
    samples, channel = collect(data, metal, whole=True), PdfChannel("pdf")
    still = replace(channel, qmax=None)
    found = {label: Model(one, samples, still, samples) for label, one in (("augmented", channel), ("plain", still))}
    return found, pdf_disturbances(channel)


def exafs_models(data: Dataset, metal: str, _: Population) -> Models:
    """Return the models of EXAFS, of samples under many conditions and under the mean ones."""
    channel = ExafsChannel()
    still = channel.still
    varied, mean = (collect_exafs(data, metal, each, seeded("exafs", 0, metal)) for each in (channel, still))
    pairs = {"augmented": (channel, varied), "plain": (still, mean)}
    found = {label: Model(one, samples, still, mean, EXAFS_TRAINING) for label, (one, samples) in pairs.items()}
    return found, exafs_disturbances(channel)


MODELS: dict[str, Callable[[Dataset, str, Population], Models]] = {
    "xanes": xanes_models,
    "pdf": pdf_models,
    "exafs": exafs_models,
}


def scores(
    model: Model, held: Codes, ways: tuple[Disturbance, ...], params: TrainingParams, rng: np.random.Generator
) -> list[tuple[tuple[str, str, float], tuple[str, str], float]]:
    """Train on what is not held out, and return (disturbance, unit, amount), (target, metric), score.

    held : groups that are held out; ways : perturbations applied to the spectra that are tested
    """
    known, tested = (
        each.take(np.flatnonzero(np.isin(each.groups, held) == wanted))
        for each, wanted in ((model.samples, False), (model.tested, True))
    )
    outputs = Outputs.of(model.samples)
    forest = fit(known, [model.channel], outputs, replace(params, **model.training), rng)
    fair = model.test_channel.disturbed(tested, rng)
    found = []
    for way in ways:
        for amount in way.amounts:
            values = way.apply(fair, amount, rng)
            output = np.reshape(forest.predict(model.channel.features(values)), (len(tested), -1))
            for target in Target:
                metric, value = _score(outputs, target, output, tested)
                found.append(((way.name, way.unit, amount), (target.value, metric.value), value))
    return found


def _score(outputs: Outputs, target: Target, output: Array, tested: Samples) -> tuple[Metric, float]:
    """Return weighted F1 over samples of one class, or the RMSE in % of the mean length."""
    if not target.is_class:
        error = outputs.averages(target, output) - tested.bond_length
        rmse = float(np.sqrt(np.average(error**2, weights=tested.weights)))
        return Metric.RMSE_PERCENT, 100.0 * rmse / float(tested.bond_length.mean())
    shares = tested.classes[target].shares
    pure = shares.max(axis=1) > 0.999
    guess = output[:, outputs.columns(target)].argmax(axis=1)[pure]
    value = f1_score(shares.argmax(axis=1)[pure], guess, average="weighted", sample_weight=tested.weights[pure])
    return Metric.F1_WEIGHTED, float(value)
