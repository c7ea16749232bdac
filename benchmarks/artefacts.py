"""What artefacts cost, with and without `clean_artefacts`.

    python benchmarks/artefacts.py [--splits 3] [--network]

Adds artefacts to real trials: electrodes that jump and come back, in the recordings' own scale; to
15 % of the training trials (a third of the channels), or to one electrode of every test trial, or
turns that electrode off. Finger movements (from training parts of the official split), imagined
hands or feet (leave one run out). Prints accuracy on test trials, of the automatic choice or of
a feed-forward network on one band of the signal. Takes some five minutes.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator

import numpy as np
from sklearn.model_selection import LeaveOneGroupOut, StratifiedShuffleSplit

from eegsnn.datasets import load_dataset
from eegsnn.encoding import EEGEncoder
from eegsnn.estimators import EEGSpikingClassifier

SPOILT_SHARE, SPOILT_CHANNELS = 0.15, 1 / 3
JUMP = 50.0  # in deviations of the channel


def jumped(
    X: np.ndarray, trials: np.ndarray, count: int, random: np.random.Generator
) -> np.ndarray:
    """Return trials in some of which `count` electrodes jump, and come back within the trial."""
    X = X.copy()
    n_channels, n_times = X.shape[1:]
    deviations = X.std(axis=(0, 2))
    for trial in trials:
        start = random.integers(0, 3 * n_times // 4)
        decay = JUMP * np.exp(-np.arange(n_times - start) / (n_times / 4))
        channels = random.choice(n_channels, count, replace=False)
        X[trial, channels, start:] += deviations[channels, None] * decay
    return X


def off(X: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return trials in each of which one electrode holds zeros."""
    X = X.copy()
    X[np.arange(len(X)), random.integers(X.shape[1], size=len(X))] = 0.0
    return X


def splits(
    count: int,
) -> Iterator[tuple[str, float, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    fingers = load_dataset("FingerMovements", progress=False)
    own = np.flatnonzero(fingers.split == "train")
    X, y = fingers.X[own], fingers.y[own]
    for train, test in StratifiedShuffleSplit(count, train_size=200, random_state=0).split(X, y):
        yield "finger movements, 200 trials", fingers.sfreq, X, y, train, test
    feet = load_dataset("EEGMMIDB", task="hands_feet", progress=False).crop(0.5, 3.5)
    for train, test in LeaveOneGroupOut().split(feet.X, feet.y, feet.groups["run"]):
        yield "hands or feet, 30 trials", feet.sfreq, feet.X, feet.y, train, test


def front_end() -> EEGEncoder:
    """Make the encoder of a network that is trained on these trials."""
    rhythm = {"mu_beta": (8, 30)}
    return EEGEncoder(
        rhythm, method="rate", feature="envelope", bin_width=0.1, spatial_filter="csp"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=3, help="of the finger movements")
    parser.add_argument("--network", action="store_true", help="train one, choose nothing")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    found: dict[tuple[str, str], dict[bool, list[float]]] = {}
    for number, (name, sfreq, X, y, train, test) in enumerate(splits(arguments.splits)):
        random = np.random.default_rng(number)
        n_channels = X.shape[1]
        spoilt = random.choice(len(train), round(SPOILT_SHARE * len(train)), replace=False)
        trainings = {
            "no artefacts": X[train],
            "15 % of training trials": jumped(
                X[train], spoilt, round(SPOILT_CHANNELS * n_channels), random
            ),
        }
        tests = {
            "one electrode of each test trial jumps": jumped(
                X[test], np.arange(len(test)), 1, random
            ),
            "one electrode of each test trial is off": off(X[test], random),
        }
        for clean in (False, True):
            for kind, trials in trainings.items():
                encoder = front_end() if arguments.network else None
                model = EEGSpikingClassifier(
                    encoder, sfreq=sfreq, random_state=number, clean_artefacts=clean
                ).fit(trials, y[train])
                judged = {kind: X[test], **(tests if kind == "no artefacts" else {})}
                for what, seen in judged.items():
                    scores = found.setdefault((name, what), {False: [], True: []})
                    scores[clean].append(model.score(seen, y[test]))
    print(f"{'':72}believed  clean_artefacts")
    for (name, what), scores in found.items():
        line = f"{name}: {what}"
        print(f"{line:72}{np.mean(scores[False]):8.3f}{np.mean(scores[True]):17.3f}")


if __name__ == "__main__":
    main()
