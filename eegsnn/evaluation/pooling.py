"""The decisions of several runs together: what summaries, breakdowns and calibration start from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from eegsnn.evaluation.metrics import score_predictions

if TYPE_CHECKING:
    from eegsnn.evaluation.results import RunRecord


class Decisions(NamedTuple):
    """Test trials of several runs, one after the other.

    Attributes
    ----------
    trial, truth, label : ndarray of int (decisions,)
        Number of the trial in the data, its class, and the class decided for.
    score : ndarray of float or None
        As the runs kept them; None where one of them kept none.
    """

    trial: np.ndarray
    truth: np.ndarray
    label: np.ndarray
    score: np.ndarray | None


def by_seed(runs: Iterable[RunRecord]) -> list[list[RunRecord]]:
    """Put runs of one seed together, seeds in the order in which they come."""
    found: dict[Any, list[RunRecord]] = {}
    for run in runs:
        found.setdefault(run.seed, []).append(run)
    return list(found.values())


def pool_decisions(runs: Sequence[RunRecord]) -> Decisions:
    """Return the decisions of all these runs."""
    kept = [run.predictions for run in runs]
    trial, truth, label = (
        np.concatenate([np.asarray(part[name], dtype=int) for part in kept])
        for name in ("trial", "truth", "label")
    )
    if any(part["score"] is None for part in kept):
        return Decisions(trial, truth, label, None)
    score = np.concatenate([np.asarray(part["score"], dtype=float) for part in kept])
    return Decisions(trial, truth, label, score)


def score_together(
    runs: Sequence[RunRecord], n_classes: int, chosen: np.ndarray | None = None
) -> dict[str, Any]:
    """Score the test trials of several runs as one set.

    Parameters
    ----------
    runs : sequence of RunRecord
    n_classes : int
    chosen : ndarray of bool, optional
        Which trials of the data to score; all if not given.
    """
    trial, truth, label, score = pool_decisions(runs)
    kept = np.ones(len(trial), bool) if chosen is None else chosen[trial]
    return score_predictions(
        truth[kept], label[kept], None if score is None else score[kept], classes=range(n_classes)
    )
