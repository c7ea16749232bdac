"""Score every baseline on the recordings at hand, through the protocols that judge networks.

    python benchmarks/baselines.py [--rows scp1 ssvep3 …] [--only fbcca minirocket-ridge …]
                                   [--seeds 0 1 2]

Accuracy on test trials, averaged over seeds where a baseline has any; rows with several subjects in
the test sets give the mean over subjects. Settings are the defaults, but for what follows from the
task and not from its test data: the flicker frequencies, the band of imagery in FingerMovements.
"gru-twin" needs a network and "logistic" is for tables of features: neither is run here.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from eegsnn.datasets import load_dataset
from eegsnn.errors import ConfigurationError, DataTrapWarning
from eegsnn.evaluation import (
    BASELINES,
    Signal,
    baseline_is_seeded,
    build_baseline,
    chance_level,
    make_split,
)

NAMES = [name for name in BASELINES if name not in ("gru-twin", "logistic")]
FLICKER = {
    f"{multiple * hertz}Hz": [multiple * hertz - 1, multiple * hertz + 1]
    for hertz in (13, 17, 21)
    for multiple in (1, 2)
}
SSVEP = {"band-power-lda": {"bands": FLICKER}, "fb-tangent-space-lr": {"bands": FLICKER}}
MU_BETA = {"low": 8, "high": 33}
FINGERS = {
    "lda-windows": {"n_windows": 10},
    "windows-band-power-lda": {"n_windows": 10},
    "csp-lda": MU_BETA,
    "tangent-space-lr": MU_BETA,
}


@dataclasses.dataclass(frozen=True)
class Row:
    """One task and its protocol."""

    data: str
    protocol: dict[str, Any]
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    classes: Sequence[str] | None = None
    parameters: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    labels_from: str | None = None


BY_RUN = {"kind": "leave-one-group-out", "group": "run"}
BY_SUBJECT = {"kind": "group-k-fold", "group": "subject", "n_splits": 7}
TEN_FOLDS = {"kind": "stratified-k-fold", "n_splits": 10}
ACROSS = {"kind": "leave-one-group-out", "group": "subject"}
WITHIN = {"kind": "leave-one-group-out", "group": "session", "within": "subject"}
STEADY = {"tmin": 0.5, "tmax": 5.0}
CUE = {"tmin": 0.5, "tmax": 3.5}
FREQUENCIES = ("13Hz", "17Hz", "21Hz")

ROWS = {
    "scp1": Row("SelfRegulationSCP1", {"kind": "official"}),
    "fingers": Row("FingerMovements", {"kind": "official"}, parameters=FINGERS),
    "ssvep3": Row("SSVEPExoskeleton", ACROSS, STEADY, FREQUENCIES, SSVEP),
    "ssvep4": Row("SSVEPExoskeleton", ACROSS, STEADY, None, SSVEP),
    "ssvep3-session": Row("SSVEPExoskeleton", WITHIN, STEADY, FREQUENCIES, SSVEP),
    "ssvep4-session": Row("SSVEPExoskeleton", WITHIN, STEADY, None, SSVEP),
    "hands-feet": Row("EEGMMIDB", BY_RUN, {"task": "hands_feet", **CUE}),
    "left-right": Row("EEGMMIDB", BY_RUN, {"task": "left_right", **CUE}),
    "eyes": Row("EEGMMIDB", {"kind": "contiguous-blocks"}, {"task": "eyes"}),
    "alcoholism": Row("UCIAlcoholism", BY_SUBJECT),
    "match": Row("UCIAlcoholism", BY_SUBJECT, labels_from="condition"),
    "bonn5": Row("Bonn", TEN_FOLDS),
    "bonn-de": Row("Bonn", TEN_FOLDS, classes=("D", "E")),
    "scp2": Row("SelfRegulationSCP2", {"kind": "official"}),
}


def load(row: Row) -> Any:
    """Load the trials of a row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataTrapWarning)
        dataset = load_dataset(row.data, progress=False, **row.options)
    if row.labels_from == "condition":
        condition = dataset.groups["condition"]
        rows = np.flatnonzero(condition != "S1 obj")
        dataset = dataclasses.replace(
            dataset.select(rows), y=condition[rows], classes=["S2 match", "S2 nomatch"]
        )
    return dataset if row.classes is None else dataset.select_classes(list(row.classes))


def score(name: str, row: Row, dataset: Any, seeds: Sequence[int]) -> float:
    """Accuracy on all test trials; the mean over subjects where there are several."""
    split = make_split(dataset, **row.protocol)
    signal, y = Signal.of(dataset), np.asarray(dataset.y)
    seeds = seeds if baseline_is_seeded(name) else [0]
    right = np.full((len(seeds), len(y)), np.nan)
    for number, seed in enumerate(seeds):
        for fold in split.folds:
            model = build_baseline(name, row.parameters.get(name, {}), signal, seed=seed)
            model.fit(dataset.X[fold.train], y[fold.train])
            right[number, fold.test] = model.predict(dataset.X[fold.test]) == y[fold.test]
    tested = ~np.isnan(right[0])
    per_trial = right[:, tested].mean(axis=0)
    subjects = np.asarray(dataset.groups.get("subject", np.zeros(len(y))))[tested]
    return float(np.mean([per_trial[subjects == s].mean() for s in np.unique(subjects)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--only", nargs="+", default=NAMES, choices=NAMES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    arguments = parser.parse_args()
    refused: dict[str, list[str]] = {}
    print(f"| row | chance | {' | '.join(arguments.only)} |")
    print(f"|---|---|{'---|' * len(arguments.only)}")
    for key in arguments.rows:
        row = ROWS[key]
        dataset = load(row)
        cells = []
        for name in arguments.only:
            start = time.perf_counter()
            try:
                accuracy = score(name, row, dataset, arguments.seeds)
                cells.append(f"{accuracy:.3f} ({time.perf_counter() - start:.0f} s)")
            except ConfigurationError as error:
                cells.append("–")
                refused.setdefault(str(error), []).append(key)
        print(f"| {key} | {chance_level(dataset.y):.2f} | {' | '.join(cells)} |", flush=True)
    for reason, keys in refused.items():
        print(f"\n{', '.join(keys)}: {reason}")


if __name__ == "__main__":
    main()
