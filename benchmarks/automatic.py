"""Time the automatic choice: fit, one decision, and what each view took and counts for.

    python benchmarks/automatic.py [--data SelfRegulationSCP1] [--repeats 3]

Fits on the official training trials (all trials where there is no official split).
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np

from eegsnn.datasets import load_dataset
from eegsnn.errors import DataTrapWarning
from eegsnn.estimators import EEGSpikingClassifier
from eegsnn.evaluation import make_split


def training_trials(dataset: object) -> np.ndarray:
    try:
        return make_split(dataset, "official").folds[0].train
    except ValueError:
        return np.arange(len(dataset.y))


def simulated(n_trials: int, n_channels: int, n_times: int) -> tuple[np.ndarray, np.ndarray]:
    """Mixed noise in two classes that do not differ: for times, not for scores."""
    random = np.random.default_rng(0)
    mixing = random.normal(size=(n_channels, n_channels))
    X = mixing @ random.normal(size=(n_trials, n_channels, n_times))
    return X, np.arange(n_trials) % 2


def recorded(name: str) -> tuple[np.ndarray, np.ndarray, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataTrapWarning)
        dataset = load_dataset(name, progress=False)
    train = training_trials(dataset)
    return dataset.X[train], np.asarray(dataset.y)[train], float(dataset.sfreq)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="SelfRegulationSCP1")
    parser.add_argument(
        "--simulate",
        nargs=4,
        type=int,
        metavar=("TRIALS", "CHANNELS", "SAMPLES", "HERTZ"),
        help="noise of this size in place of a data set",
    )
    parser.add_argument("--budget", type=float, default=60.0, help="seconds, as time_budget_s")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.simulate is None:
        name = arguments.data
        X, y, sfreq = recorded(name)
    else:
        name, sfreq = "simulated", float(arguments.simulate[3])
        X, y = simulated(*arguments.simulate[:3])
    settings = {"sfreq": sfreq, "random_state": 0, "time_budget_s": arguments.budget}
    some = np.random.default_rng(0).permutation(len(X))[:100]  # data sets may be in order of class
    model = EEGSpikingClassifier(**settings).fit(X[some], y[some])  # compiles
    fits, decisions = [], []
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        model.fit(X, y)
        fits.append(time.perf_counter() - start)
    for trial in X[:50]:
        start = time.perf_counter()
        model.predict(trial[None])
        decisions.append(time.perf_counter() - start)
    print(f"{name}: {X.shape[0]} trials, {X.shape[1]} channels, {X.shape[2]} samples")
    print(
        f"fit {np.median(fits):.1f} s, one decision {1e3 * np.median(decisions):.1f} ms (medians)"
    )
    for view in model.selection_:
        said = view["note"] or (
            f"{view['score']:.3f} held out, weight {view['weight']:.2f}, {view['seconds']:.2f} s"
        )
        print(f"  {view['name']:28} {said}")


if __name__ == "__main__":
    main()
