"""How well the automatic choice generalises, on splits within the recordings at hand.

    python benchmarks/choice.py [--kinds scp1 finger_movements …] [--out choice.json]

For whoever changes views, priors or the committee: about 160 splits of 41 kinds, from 10 to 400
training trials, within subjects and across them, some with few trials of one class, some with one
class per subject. Of data sets with an official test set only the training part is used, so that
nothing is tuned on what the README reports. Prints accuracy, its mean over classes and
cross-entropy of each kind of split, and their means, every kind counting alike. Takes some ten
minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, StratifiedShuffleSplit

from eegsnn.datasets import load_dataset
from eegsnn.estimators import EEGSpikingClassifier
from eegsnn.recordings import EEGDataset

LIGHTS = ["13Hz", "17Hz", "21Hz"]


class Split(NamedTuple):
    """Trials to learn from and to be judged by."""

    kind: str
    data: Any
    groups: np.ndarray | None
    train: np.ndarray
    test: np.ndarray
    frequencies: tuple[float, ...] | None = None


def load(name: str, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_dataset(name, progress=False, **options)


def shares(kind: str, data: Any, size: float, count: int, **also: Any) -> Iterator[Split]:
    """Draw training trials, whose number or share is `size`, at random, `count` times."""
    splitter = StratifiedShuffleSplit(count, train_size=size, random_state=0)
    for train, test in splitter.split(data.y, data.y):
        yield Split(f"{kind}, {len(train)} trials", data, None, train, test, **also)


def one_left_out(kind: str, data: Any, group: str, **also: Any) -> Iterator[Split]:
    groups = data.groups[group]
    for train, test in LeaveOneGroupOut().split(data.y, groups=groups):
        yield Split(f"{kind}, one {group} left out", data, groups, train, test, **also)


def few_groups(kind: str, data: Any, group: str, size: int, count: int, **also: Any) -> Iterator:
    """Learn from `size` groups drawn at random, at least two of each class."""
    groups, random = data.groups[group], np.random.default_rng(0)
    names = np.unique(groups)
    while count:
        seen = np.isin(groups, random.choice(names, size, replace=False))
        per_class = [len(np.unique(groups[seen & (data.y == label)])) for label in data.classes]
        if min(per_class) >= 2:
            train, test = np.flatnonzero(seen), np.flatnonzero(~seen)
            yield Split(f"{kind}, {size} {group}s", data, groups, train, test, **also)
            count -= 1


def unequal(
    kind: str, data: Any, rare: list[str], common: int, few: int, count: int, **also: Any
) -> Iterator[Split]:
    """Learn from `few` trials of rare classes, `common` of others; judge on the same ratio."""
    random = np.random.default_rng(0)
    for _ in range(count):
        own = [random.permutation(np.flatnonzero(data.y == label)) for label in data.classes]
        sizes = [few if label in rare else common for label in data.classes]
        train = np.concatenate([trials[:n] for trials, n in zip(own, sizes, strict=True)])
        left = [trials[n:] for trials, n in zip(own, sizes, strict=True)]
        times = min(len(trials) / n for trials, n in zip(left, sizes, strict=True))
        test = [trials[: max(1, int(times * n))] for trials, n in zip(left, sizes, strict=True)]
        yield Split(
            f"{kind}, {common} to {few}", data, None, np.sort(train), np.concatenate(test), **also
        )


def traits(kind: str, data: Any, pair: list[str], per_class: int, count: int) -> Iterator[Split]:
    """Learn from subjects who each give trials of one class; judge on both classes of others."""
    subjects, random = data.groups["subject"], np.random.default_rng(0)
    for _ in range(count):
        drawn = random.permutation(np.unique(subjects))
        seen, new = drawn[: 2 * per_class], drawn[2 * per_class :]
        parts = [
            np.flatnonzero((subjects == subject) & (data.y == pair[number % 2]))
            for number, subject in enumerate(seen)
        ]
        test = np.flatnonzero(np.isin(subjects, new) & np.isin(data.y, pair))
        name = f"{kind} as a trait, {len(seen)} subjects"
        yield Split(name, data, subjects, np.sort(np.concatenate(parts)), test)


def training_part(name: str) -> Any:
    data = load(name)
    return data.select(np.flatnonzero(data.split == "train"))


def official(name: str, sizes: list[int]) -> Iterator[Split]:
    data = training_part(name)
    for size in sizes:
        yield from shares(data.name, data, size, 3)


def ssvep() -> Iterator[Split]:
    rest = load("SSVEPExoskeleton", tmin=0.5, tmax=5.0)
    told = {"frequencies": (13.0, 17.0, 21.0)}
    lights = rest.select_classes(LIGHTS)
    yield from one_left_out("SSVEP", lights, "subject", **told)
    yield from one_left_out("SSVEP with rest", rest, "subject", **told)
    yield from few_groups("SSVEP", lights, "subject", 3, 4, **told)
    for subject in np.unique(lights.groups["subject"]):
        own = lights.select(np.flatnonzero(lights.groups["subject"] == subject))
        yield from shares("SSVEP within a subject", own, 0.5, 1)


def movements() -> Iterator[Split]:
    for task in ("hands_feet", "left_right"):
        data = load("EEGMMIDB", task=task).crop(0.5, 3.5)
        yield from one_left_out(task, data, "run")
        yield from shares(task, data, 15, 3)
        yield from shares(task, data, 22, 4)


def alcoholism() -> Iterator[Split]:
    data = load("UCIAlcoholism")
    yield from few_groups("alcoholism", data, "subject", 12, 10)
    yield from few_groups("alcoholism", data, "subject", 6, 6)
    data = load("UCIAlcoholism", label="match")
    groups = data.groups["subject"]
    for train, test in GroupKFold(7, shuffle=True, random_state=0).split(data.y, groups=groups):
        yield Split("match, two subjects left out", data, groups, train, test)
    yield from few_groups("match", data, "subject", 4, 4)


def bonn() -> Iterator[Split]:
    data = load("Bonn")
    for pair in (["A", "B"], ["C", "D"], ["D", "E"]):
        yield from shares("Bonn " + " or ".join(pair), data.select_classes(pair), 60, 2)
    yield from shares("Bonn, all five", data, 150, 2)


def rare() -> Iterator[Split]:
    """Simulated: one trial of six has a wave 0.35 s after its start, in subjects who differ."""
    random, sfreq, per_subject = np.random.default_rng(1), 250.0, 180
    time = np.arange(200) / sfreq
    trials, labels, subjects = [], [], []
    for subject in range(5):
        noise = np.cumsum(random.normal(size=(per_subject, 8, 200)), axis=2)
        noise = (np.eye(8) + 0.4 * random.normal(size=(8, 8))) @ noise
        noise -= noise.mean(axis=2, keepdims=True)
        noise *= 10.0 / noise.std() * np.exp(0.3 * random.normal())
        late = 0.35 + 0.03 * random.normal()
        wave = np.exp(0.3 * random.normal(size=8))[:, None] * np.exp(-((time - late) ** 2) / 0.01)
        targets = random.permutation(per_subject) < per_subject // 6
        trials.append(noise + 1.5 * targets[:, None, None] * wave)
        labels += np.where(targets, "target", "other").tolist()
        subjects += [f"S{subject}"] * per_subject
    data = EEGDataset(
        X=np.concatenate(trials),
        y=np.array(labels),
        sfreq=sfreq,
        ch_names=[f"E{number}" for number in range(1, 9)],
        groups={"subject": np.array(subjects)},
        unit="a.u.",
    )
    yield from one_left_out("rare responses, simulated", data, "subject")


def few_of_a_class() -> Iterator[Split]:
    for name, common, few in (("SelfRegulationSCP1", 70, 14), ("FingerMovements", 100, 25)):
        data = training_part(name)
        for label in data.classes:
            yield from unequal(f"{name}, class {label}", data, [label], common, few, 3)
    lights = load("SSVEPExoskeleton", tmin=0.5, tmax=5.0).select_classes(LIGHTS)
    yield from unequal("SSVEP", lights, ["21Hz"], 24, 6, 3, frequencies=(13.0, 17.0, 21.0))
    movements = load("EEGMMIDB", task="hands_feet").crop(0.5, 3.5)
    for label in movements.classes:
        yield from unequal(f"hands_feet, class {label}", movements, [label], 16, 6, 4)
    data = load("Bonn")
    yield from unequal("Bonn D or E", data.select_classes(["D", "E"]), ["E"], 40, 8, 3)
    yield from unequal("Bonn C or D", data.select_classes(["C", "D"]), ["D"], 40, 10, 3)
    yield from unequal("Bonn, all five", data, ["A", "C"], 40, 8, 2)


def one_class_each() -> Iterator[Split]:
    data = load("SSVEPExoskeleton", tmin=0.5, tmax=5.0)
    yield from traits("13 or 21 Hz", data, ["13Hz", "21Hz"], 2, 6)
    yield from traits("rest or 17 Hz", data, ["rest", "17Hz"], 3, 6)
    data = load("UCIAlcoholism", label="match")
    for per_class in (3, 5):
        yield from traits("match", data, list(data.classes)[:2], per_class, 5)


KINDS: dict[str, Callable[[], Iterator[Split]]] = {
    "scp1": lambda: official("SelfRegulationSCP1", [40, 100, 200]),
    "scp2": lambda: official("SelfRegulationSCP2", [100]),
    "finger_movements": lambda: official("FingerMovements", [40, 100, 250]),
    "movements": movements,
    "ssvep": ssvep,
    "alcoholism": alcoholism,
    "bonn": bonn,
    "rare": rare,
    "unequal": few_of_a_class,
    "traits": one_class_each,
}


def judged(split: Split, seed: int) -> dict[str, float]:
    """Fit on the training trials, and tell accuracy and cross-entropy on the others."""
    data, train, test = split.data, split.train, split.test
    model = EEGSpikingClassifier(sfreq=data.sfreq, frequencies=split.frequencies, random_state=seed)
    start = time.perf_counter()
    groups = None if split.groups is None else split.groups[train]
    model.fit(data.X[train], data.y[train], groups=groups)
    seconds = time.perf_counter() - start
    probabilities = model.predict_proba(data.X[test])
    right = model.classes_[probabilities.argmax(axis=1)] == data.y[test]
    return {
        "accuracy": float(np.mean(right)),
        "balanced": float(np.mean([right[data.y[test] == c].mean() for c in set(data.y[test])])),
        "log_loss": float(log_loss(data.y[test], probabilities, labels=model.classes_)),
        "seconds": seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", choices=sorted(KINDS), default=list(KINDS))
    parser.add_argument("--out", type=Path, help="results as JSON, for comparisons")
    arguments = parser.parse_args()
    results: dict[str, list[dict[str, float]]] = {}
    print(f"{'':44}accuracy  balanced  cross-entropy  s/fit")
    for name in arguments.kinds:
        before = set(results)
        for split in KINDS[name]():
            known = results.setdefault(split.kind, [])
            known.append(judged(split, seed=len(known)))
        for kind in [kind for kind in results if kind not in before]:
            print_line(kind, [results[kind]])
    print_line("mean over kinds", list(results.values()))
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=1) + "\n")


def print_line(name: str, kinds: list[list[dict[str, float]]]) -> None:
    def mean(key: str) -> float:
        return float(np.mean([np.mean([one[key] for one in kind]) for kind in kinds]))

    numbers = f"{mean('accuracy'):8.3f}{mean('balanced'):10.3f}{mean('log_loss'):15.3f}"
    print(f"{name:44}{numbers}{mean('seconds'):7.1f}")


if __name__ == "__main__":
    main()
