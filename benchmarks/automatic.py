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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="SelfRegulationSCP1")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataTrapWarning)
        dataset = load_dataset(arguments.data, progress=False)
    train = training_trials(dataset)
    X, y = dataset.X[train], np.asarray(dataset.y)[train]
    model = EEGSpikingClassifier(sfreq=dataset.sfreq, random_state=0).fit(X, y)  # compiles
    fits, decisions = [], []
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        model.fit(X, y)
        fits.append(time.perf_counter() - start)
    for trial in X[:50]:
        start = time.perf_counter()
        model.predict(trial[None])
        decisions.append(time.perf_counter() - start)
    print(f"{arguments.data}: {X.shape[0]} trials, {X.shape[1]} channels, {X.shape[2]} samples")
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
