"""How trials are divided into training and test sets: functions of plain arrays.

They return lists of :class:`Fold`; :func:`~eegsnn.evaluation.make_split` chooses among them by
name. All models of an experiment run through the same folds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold

from eegsnn.errors import DataError

PROTOCOLS: dict[str, str] = {
    "official": "the split that the data set's authors published",
    "leave-one-group-out": "each group (subject, session, run) in turn is the test set",
    "group-k-fold": "whole groups are dealt to k folds, classes kept as even as groups allow",
    "stratified-k-fold": "single trials are dealt to k folds, regardless of groups",
    "contiguous-blocks": "each class is cut into k stretches of time; each in turn is the test set",
    "transfer": "train on one data set, or on some groups, and test on another",
}
"""Protocols by name, each with a sentence for help texts and reports."""


@dataclass(frozen=True)
class Fold:
    """One division of the trials.

    Parameters
    ----------
    name : str
        What is tested, as shown in reports: ``"official"``, ``"subject S03"``, ``"fold 2"``.
    train, test : ndarray of int
        Positions of the trials, sorted, without a common element.
    """

    name: str
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Split:
    """The folds of a protocol, with what must be said beside any score they give.

    Parameters
    ----------
    kind : str
        A key of :data:`PROTOCOLS`.
    folds : list of Fold
    group : str or None
        The group that is kept whole, if the protocol keeps one whole.
    leaky : list of str
        Reasons why scores are too good to be believed; empty for an honest split.
    notes : list of str
        What a reader must know without it being a leak.
    within : str or None
        The group whose members are divided each by itself, if the protocol works so.
    """

    kind: str
    folds: list[Fold]
    group: str | None = None
    leaky: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    within: str | None = None


def official_split(split: np.ndarray) -> list[Fold]:
    """Return the one fold of a published split.

    Parameters
    ----------
    split : ndarray of str, shape (trials,)
        ``"train"`` or ``"test"`` per trial.

    Raises
    ------
    DataError
        If one of the two is empty.

    Examples
    --------
    >>> official_split(np.array(["train", "train", "test"]))[0].test
    array([2])
    """
    split = np.asarray(split)
    train, test = np.flatnonzero(split == "train"), np.flatnonzero(split == "test")
    if len(train) == 0 or len(test) == 0:
        raise DataError(
            f"The official split needs training and test trials, but there are {len(train)} and "
            f"{len(test)}."
        )
    return [Fold("official", train, test)]


def leave_one_group_out(groups: np.ndarray, group_name: str = "group") -> list[Fold]:
    """Return one fold per group, in the order in which groups first appear.

    Parameters
    ----------
    groups : ndarray, shape (trials,)
    group_name : str
        Used in the folds' names and in messages.

    Raises
    ------
    DataError
        If there is only one group.

    Examples
    --------
    >>> [fold.name for fold in leave_one_group_out(np.array(["a", "a", "b"]), "run")]
    ['run a', 'run b']
    """
    groups = np.asarray(groups)
    values = _in_order(groups)
    if len(values) < 2:
        raise DataError(
            f"leave-one-group-out needs at least two groups, but there is one {group_name} only "
            f"({values[0]}). Choose another group or protocol."
        )
    return [
        Fold(
            f"{group_name} {value}",
            np.flatnonzero(groups != value),
            np.flatnonzero(groups == value),
        )
        for value in values
    ]


def group_k_fold(
    y: np.ndarray, groups: np.ndarray, n_splits: int = 5, group_name: str = "group"
) -> list[Fold]:
    """Return `n_splits` folds that keep every group whole and classes as even as groups allow.

    Deterministic: the same groups always give the same folds.

    Raises
    ------
    DataError
        If there are fewer groups than folds.
    """
    y, groups = np.asarray(y), np.asarray(groups)
    n_groups = len(np.unique(groups))
    if n_groups < n_splits:
        raise DataError(
            f"group-k-fold with {n_splits} folds needs at least {n_splits} groups, but there are "
            f"{n_groups} of {group_name!r}. Lower n_splits or choose another group."
        )
    folds = _named(StratifiedGroupKFold(n_splits).split(y, y, groups))
    # Balancing classes greedily can starve a fold where groups are few and uneven.
    if any(len(fold.test) == 0 or len(fold.train) == 0 for fold in folds):
        folds = _named(GroupKFold(n_splits).split(y, y, groups))
    return folds


def stratified_k_fold(y: np.ndarray, n_splits: int = 5) -> list[Fold]:
    """Return `n_splits` folds of single trials, shuffled once and for all, classes kept even.

    Raises
    ------
    DataError
        If a class has fewer trials than there are folds.
    """
    y = np.asarray(y)
    labels, counts = np.unique(y, return_counts=True)
    if counts.min() < n_splits:
        rare = int(np.argmin(counts))
        raise DataError(
            f"stratified-k-fold with {n_splits} folds needs {n_splits} trials of each class, but "
            f"class {str(labels[rare])!r} has {counts[rare]}. Lower n_splits."
        )
    return _named(StratifiedKFold(n_splits, shuffle=True, random_state=0).split(y, y))


def contiguous_blocks(y: np.ndarray, n_splits: int = 5, gap: int = 0) -> list[Fold]:
    """Cut each class's trials, in the order given, into `n_splits` stretches; test each in turn.

    Neighbouring trials resemble each other, so that a shuffled split tests on what it trained
    on; a stretch of time shares neighbours only at its two ends, which `gap` removes.

    Parameters
    ----------
    y : ndarray, shape (trials,)
        Labels, in the order of recording.
    n_splits : int
    gap : int, default 0
        Trials left out of training on each side of every trial of the test stretch: of the same
        class, and, as classes do not keep step, of any.

    Raises
    ------
    DataError
        If a class has fewer trials than there are stretches.

    Examples
    --------
    >>> folds = contiguous_blocks(np.array(list("aaaabbbb")), n_splits=2)
    >>> [fold.test.tolist() for fold in folds]
    [[0, 1, 4, 5], [2, 3, 6, 7]]
    """
    y = np.asarray(y)
    test: list[list[np.ndarray]] = [[] for _ in range(n_splits)]
    near: list[list[np.ndarray]] = [[] for _ in range(n_splits)]
    for label in np.unique(y):
        positions = np.flatnonzero(y == label)
        if len(positions) < n_splits:
            raise DataError(
                f"contiguous-blocks with {n_splits} blocks needs {n_splits} trials of each class, "
                f"but class {str(label)!r} has {len(positions)}. Lower n_splits."
            )
        edges = np.linspace(0, len(positions), n_splits + 1).round().astype(int)
        for k, (start, stop) in enumerate(pairwise(edges)):
            test[k].append(positions[start:stop])
            near[k] += [positions[max(0, start - gap) : stop + gap]]
    return [
        _block(k, np.sort(np.concatenate(test[k])), near[k], len(y), gap) for k in range(n_splits)
    ]


def _block(number: int, test: np.ndarray, near: list[np.ndarray], n_trials: int, gap: int) -> Fold:
    """Make the fold of a block: what is near a test trial does not train."""
    out = np.zeros(n_trials, dtype=bool)
    out[np.concatenate(near)] = True
    for shift in range(-gap, gap + 1):
        out[np.clip(test + shift, 0, n_trials - 1)] = True
    return Fold(f"block {number + 1}", np.flatnonzero(~out), test)


def within_groups(
    groups: np.ndarray, make: Callable[[np.ndarray], list[Fold]], group_name: str = "group"
) -> list[Fold]:
    """Divide the trials of each group by themselves: no fold knows of another group's trials.

    Parameters
    ----------
    groups : ndarray, shape (trials,)
    make : callable
        Takes the positions of one group's trials and returns folds of positions among these.
    group_name : str
        Put, with the group, before the folds' names.

    Raises
    ------
    DataError
        What `make` raises, with the group named.

    Examples
    --------
    >>> subjects, sessions = np.array(list("aaaabbbb")), np.array(list("11221122"))
    >>> folds = within_groups(
    ...     subjects, lambda trials: leave_one_group_out(sessions[trials], "session"), "subject"
    ... )
    >>> [(fold.name, fold.train.tolist(), fold.test.tolist()) for fold in folds[2:]]
    [('subject b, session 1', [6, 7], [4, 5]), ('subject b, session 2', [4, 5], [6, 7])]
    """
    groups = np.asarray(groups)
    folds = []
    for value in _in_order(groups):
        members = np.flatnonzero(groups == value)
        try:
            parts = make(members)
        except DataError as error:
            raise DataError(f"{group_name} {value}: {error}") from error
        folds += [
            Fold(f"{group_name} {value}, {part.name}", members[part.train], members[part.test])
            for part in parts
        ]
    return folds


def transfer(train: np.ndarray, test: np.ndarray, name: str = "transfer") -> list[Fold]:
    """Return the one fold that trains on some trials and tests on others; the rest is left out.

    Parameters
    ----------
    train, test : ndarray of bool, shape (trials,)
    name : str

    Raises
    ------
    DataError
        If one of the two is empty, or they have trials in common.

    Examples
    --------
    >>> sessions = np.array(["1", "2", "3", "1"])
    >>> transfer(sessions == "1", sessions == "2")[0].train
    array([0, 3])
    """
    train, test = np.asarray(train, dtype=bool), np.asarray(test, dtype=bool)
    if not train.any() or not test.any():
        raise DataError(
            f"transfer needs training and test trials, but there are {train.sum()} and "
            f"{test.sum()}."
        )
    both = int((train & test).sum())
    if both:
        raise DataError(
            f"transfer: {both} trials are meant for training and for testing. Choose groups that "
            f"have no trial in common."
        )
    return [Fold(name, np.flatnonzero(train), np.flatnonzero(test))]


def _named(pairs: Any) -> list[Fold]:
    return [
        Fold(f"fold {k + 1}", np.asarray(train), np.asarray(test))
        for k, (train, test) in enumerate(pairs)
    ]


def _in_order(values: np.ndarray) -> list[Any]:
    unique, first = np.unique(values, return_index=True)
    return [unique[i] for i in np.argsort(first)]
