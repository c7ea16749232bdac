"""A liquid state machine beside a linear readout of the same encoder, and what it remembers.

    EEGSNN_DATA=… python benchmarks/liquid.py [--seeds 3] [--data scp1 bonn] [--units 300]
    python benchmarks/liquid.py --data --measures

Accuracy on test trials: SelfRegulationSCP1 by its official split, Bonn by ten stratified folds. All
settings of the reservoir are the defaults, but for those given. The linear readouts are those of
the reservoir, regularised in the same way within the training trials, on what the same encoder
gives: every feature at every step, or filtered and sampled as the units' spikes are.

The measures are printed with `--measures`: memory capacity by size and strength, separation and
ranks of the default reservoir, and the capacity of rings of linear units, which is known, by the
same function.
"""

from __future__ import annotations

import argparse
import itertools
import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np
from sklearn.model_selection import StratifiedKFold

from eegsnn.datasets import load_dataset
from eegsnn.encoding import EEGEncoder, EncoderUnion
from eegsnn.errors import DataTrapWarning
from eegsnn.estimators import LiquidStateClassifier
from eegsnn.estimators._readouts import fit_readout
from eegsnn.measures import kernel_quality, memory_capacity, separation
from eegsnn.models import LiquidStateMachine, ReservoirConfig
from eegsnn.recordings import EEGDataset

Fold = tuple[np.ndarray, np.ndarray]

ENCODERS = {
    "scp1": EncoderUnion(
        [
            EEGEncoder({"slow": (0, 1)}, method="direct", bin_width=0.125),
            EEGEncoder({"slow": (0, 1)}, method="delta", threshold=0.1, bin_width=0.125),
            EEGEncoder(
                {"theta": (4, 8), "alpha": (8, 13), "beta": (13, 30), "gamma": (30, 45)},
                method="direct",
                feature="log_power",
                bin_width=0.125,
            ),
        ]
    ),
    "bonn": EEGEncoder("standard", method="rate", feature="log_power", bin_width=0.5),
}
NAMES = {"scp1": "SelfRegulationSCP1", "bonn": "Bonn"}
SNAPSHOTS, TIME_CONSTANT = 4, 10.0  # the classifier's defaults


def folds_of(dataset: EEGDataset, name: str) -> Iterator[Fold]:
    if name == "scp1":
        assert dataset.split is not None
        yield np.flatnonzero(dataset.split == "train"), np.flatnonzero(dataset.split == "test")
    else:
        yield from StratifiedKFold(10, shuffle=True, random_state=0).split(dataset.X, dataset.y)


def every_step(series: np.ndarray) -> np.ndarray:
    return np.swapaxes(series, 0, 1).reshape(series.shape[1], -1).astype(np.float64)


def filtered(series: np.ndarray) -> np.ndarray:
    """Filter and sample the encoder's output as the classifier does spikes, and its mean."""
    trace, states = np.zeros(series.shape[1:]), []
    for x in series:
        trace = np.exp(-1 / TIME_CONSTANT) * trace + x
        states.append(trace)
    ends = len(series) * np.arange(1, SNAPSHOTS + 1) // SNAPSHOTS - 1
    return np.concatenate([*(states[end] for end in ends), series.mean(axis=0)], axis=1)


def linear(
    dataset: EEGDataset, name: str, readout: str, features: Callable[[np.ndarray], np.ndarray]
) -> float:
    right = []
    for train, test in folds_of(dataset, name):
        encoder = ENCODERS[name]
        names = {"ch_names": dataset.ch_names, "sfreq": dataset.sfreq}
        encoded = encoder.fit_transform(dataset.X[train], dataset.y[train], **names)
        classes, codes = np.unique(dataset.y[train], return_inverse=True)
        fitted, _ = fit_readout(
            readout, features(encoded), codes, np.ones(len(train)), None, seed=0
        )
        scores = fitted.log_probabilities(features(encoder.transform(dataset.X[test])))
        right.extend(classes[scores.argmax(axis=1)] == dataset.y[test])
    return float(np.mean(right))


def liquid(
    dataset: EEGDataset,
    name: str,
    seed: int,
    readout: str,
    with_input: bool,
    settings: dict[str, float],
) -> float:
    right = []
    for train, test in folds_of(dataset, name):
        model = LiquidStateClassifier(
            ENCODERS[name],
            sfreq=dataset.sfreq,
            readout=readout,
            with_input=with_input,
            **settings,
            random_state=seed,
        )
        model.fit(dataset.X[train], dataset.y[train])
        right.extend(model.predict(dataset.X[test]) == dataset.y[test])
    return float(np.mean(right))


def compare(name: str, seeds: int, readouts: list[str], settings: dict[str, float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataTrapWarning)
        dataset = load_dataset(NAMES[name], progress=False)
    assert isinstance(dataset, EEGDataset)
    print(f"\n{NAMES[name]}: accuracy (mean and range over {seeds} seeds of the reservoir)")
    for readout in readouts:
        for label, features in (("every step", every_step), ("filtered", filtered)):
            print(f"  linear {readout}, {label:<22} {linear(dataset, name, readout, features):.3f}")
        for with_input, label in ((False, "reservoir alone"), (True, "reservoir and input")):
            start = time.process_time()
            scores = [
                liquid(dataset, name, seed, readout, with_input, settings) for seed in range(seeds)
            ]
            seconds = (time.process_time() - start) / seeds
            print(
                f"  liquid {readout}, {label:<22} {np.mean(scores):.3f} "
                f"({min(scores):.3f} to {max(scores):.3f})  {seconds:.0f} s per seed",
                flush=True,
            )


def capacity_of(config: ReservoirConfig, seed: int, n_steps: int) -> tuple[float, float]:
    """Memory capacity and spikes per unit and step of a reservoir with one random input."""
    u = np.random.default_rng(100 + seed).uniform(-1, 1, n_steps)
    machine = LiquidStateMachine(config, 1, seed=seed)
    machine.calibrate(u[:1000, None, None])
    found = machine.respond(u[:, None, None], times=np.arange(n_steps))
    assert found.spikes is not None
    capacity = memory_capacity(u, found.samples[:, 0], max_delay=100)
    return capacity.total, float(found.spikes.mean())


def ring_capacity(n_units: int, radius: float, n_steps: int) -> float:
    """Of linear units in a ring, for which Rodan & Tiňo (2011) give N − (1 − r^(2N))."""
    u = np.random.default_rng(0).uniform(-0.5, 0.5, n_steps)
    x, states = np.zeros(n_units), np.zeros((n_steps, n_units))
    for t, value in enumerate(u):
        x = radius * np.roll(x, 1)
        x[0] += value
        states[t] = x
    return memory_capacity(u, states, max_delay=4 * n_units).total


def measures() -> None:
    print("\nMemory capacity (20000 steps, one uniform input; at most the number of units)")
    for n_units in (50, 135, 300, 600):
        row = [capacity_of(ReservoirConfig(n_units=n_units), seed, 20_000) for seed in range(3)]
        found = [total for total, _ in row]
        print(
            f"  {n_units:4d} units        {np.mean(found):5.2f} ({min(found):.2f}–{max(found):.2f})"
        )
    for strength in (0.0, 0.3, 0.6, 0.9, 1.2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            total, rate = capacity_of(ReservoirConfig(strength=strength), 0, 20_000)
        print(
            f"  strength {strength:.1f}      {total:5.2f}   ({rate:.2f} spikes per unit and step)"
        )
    for n_units in (20, 50):
        published = n_units - (1 - 0.95 ** (2 * n_units))
        total = ring_capacity(n_units, 0.95, 20_000)
        print(f"  ring of {n_units} linear units {total:7.2f}   (published: {published:.2f})")

    rng = np.random.default_rng(0)
    base = rng.normal(size=(50, 1, 4))
    mixed = np.linspace(0, 1, 40)[None, :, None]
    x = (1 - mixed) * base + mixed * rng.normal(size=(50, 40, 4))
    machine = LiquidStateMachine(ReservoirConfig(), 4, seed=0)
    machine.calibrate(rng.normal(size=(50, 64, 4)))
    states, _ = machine.liquid_states(x)
    found = separation(x, states)
    print(f"\nSeparation, 300 units: slope {found.slope:.3f}, correlation {found.correlation:.2f}")
    for low, high in itertools.pairwise(np.quantile(found.inputs, np.linspace(0, 1, 6))):
        chosen = (found.inputs >= low) & (found.inputs <= high)
        print(f"  inputs {low:.2f} to {high:.2f} apart: states {found.states[chosen].mean():.3f}")
    different, _ = machine.liquid_states(rng.normal(size=(50, 300, 4)))
    similar, _ = machine.liquid_states(base + 0.05 * rng.normal(size=(50, 300, 4)))
    print(f"  {kernel_quality(different[0], similar[0])}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", nargs="*", choices=list(NAMES), default=list(NAMES))
    parser.add_argument("--readouts", nargs="+", default=["ridge"])
    parser.add_argument("--strength", type=float, default=ReservoirConfig().strength)
    parser.add_argument("--units", type=int, default=ReservoirConfig().n_units)
    parser.add_argument("--measures", action="store_true")
    arguments = parser.parse_args()
    settings = {"strength": arguments.strength, "n_units": arguments.units}
    for name in arguments.data:
        compare(name, arguments.seeds, arguments.readouts, settings)
    if arguments.measures:
        measures()


if __name__ == "__main__":
    main()
