"""How trials are divided into training and test sets, and what cannot be divided.

The functions on plain arrays return lists of :class:`Fold`; :func:`make_split` chooses among them
by name, checks the result against the labels before anything long starts, and says in words what
a reader of the score must know. All models of an experiment run through the same folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold

from eegsnn._validation import check_choice, check_integer
from eegsnn.errors import DataError

PROTOCOLS: dict[str, str] = {
    "official": "the split that the data set's authors published",
    "leave-one-group-out": "each group (subject, session, run) in turn is the test set",
    "group-k-fold": "whole groups are dealt to k folds, classes kept as even as groups allow",
    "stratified-k-fold": "single trials are dealt to k folds, regardless of groups",
    "contiguous-blocks": "each class is cut into k stretches of time; each in turn is the test set",
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
    """

    kind: str
    folds: list[Fold]
    group: str | None = None
    leaky: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


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
        Trials of the same class left out of training on each side of the test stretch.

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
    train: list[list[np.ndarray]] = [[] for _ in range(n_splits)]
    test: list[list[np.ndarray]] = [[] for _ in range(n_splits)]
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
            train[k].append(
                np.concatenate([positions[: max(0, start - gap)], positions[stop + gap :]])
            )
    return [
        Fold(f"block {k + 1}", np.sort(np.concatenate(train[k])), np.sort(np.concatenate(test[k])))
        for k in range(n_splits)
    ]


def make_split(
    dataset: Any, kind: str, *, group: str | None = None, n_splits: int = 5, gap: int = 0
) -> Split:
    """Divide a data set by the protocol of that name, and refuse what cannot run.

    Parameters
    ----------
    dataset : EEGDataset or TabularDataset
        Its ``y``, ``classes``, ``groups`` and ``split`` are read, never its signals.
    kind : str
        A key of :data:`PROTOCOLS`.
    group : str, optional
        Name of the group to keep whole; needed by leave-one-group-out and group-k-fold.
    n_splits : int, default 5
        Folds of the k-fold protocols and blocks of contiguous-blocks.
    gap : int, default 0
        See :func:`contiguous_blocks`.

    Raises
    ------
    ConfigurationError
        If `kind`, `n_splits` or `gap` is not allowed.
    DataError
        If the data cannot be divided so: no official split, no or too few groups, a class with
        too few trials, a class that is missing from a training set (the fold is named).
    """
    check_choice("protocol.kind", kind, PROTOCOLS)
    n_splits = check_integer("protocol.n_splits", n_splits, low=2)
    gap = check_integer("protocol.gap", gap, low=0)
    y = np.asarray(dataset.y)
    _check_classes(y, dataset.classes)
    leaky: list[str] = []
    notes: list[str] = []
    if kind == "official":
        if dataset.split is None:
            raise DataError(
                f"{dataset.name} has no official split. Choose another protocol: "
                f"{', '.join(name for name in PROTOCOLS if name != 'official')}."
            )
        folds = official_split(dataset.split)
    elif kind == "leave-one-group-out":
        folds = leave_one_group_out(_groups(dataset, kind, group), group or "group")
    elif kind == "group-k-fold":
        folds = group_k_fold(y, _groups(dataset, kind, group), n_splits, group or "group")
    elif kind == "stratified-k-fold":
        folds = stratified_k_fold(y, n_splits)
        leaky = _split_groups(dataset, folds)
        if not dataset.groups:
            notes.append(
                "The data set names no subjects, sessions or runs, so nobody can say whether "
                "trials of one recording are on both sides of the split."
            )
    else:
        folds = contiguous_blocks(y, n_splits, gap)
        notes.append(
            "Training and test trials are stretches of the same recordings: the score says nothing "
            "about a new session or subject."
        )
    _check_folds(folds, y, dataset.classes, kind)
    return Split(kind, folds, group, leaky, notes)


def _groups(dataset: Any, kind: str, group: str | None) -> np.ndarray:
    present = ", ".join(dataset.groups) or "none"
    if group is None:
        raise DataError(
            f"{kind} needs protocol.group, the name of the group to keep whole. {dataset.name} "
            f"has: {present}."
        )
    if group not in dataset.groups:
        raise DataError(f"{dataset.name} has no group {group!r}. It has: {present}.")
    return np.asarray(dataset.groups[group])


def _check_classes(y: np.ndarray, classes: Sequence[Any]) -> None:
    present = np.unique(y)
    if len(present) < 2:
        raise DataError(
            f"Classification needs at least two classes, but all {len(y)} trials are of class "
            f"{str(present[0])!r}."
        )
    missing = [str(label) for label in classes if label not in present]
    if missing:
        raise DataError(f"No trial of class {', '.join(map(repr, missing))} is in the data.")


def _check_folds(folds: list[Fold], y: np.ndarray, classes: Sequence[Any], kind: str) -> None:
    """Every class needs two training trials in every fold: one to learn from, one to vary."""
    for fold in folds:
        labels = y[fold.train]
        for label in classes:
            count = int(np.sum(labels == label))
            if count < 2:
                raise DataError(
                    f"{kind}: class {str(label)!r} has {count} training trial"
                    f"{'' if count == 1 else 's'} in fold {fold.name!r}, but at least 2 are "
                    f"needed. Choose another protocol or fewer folds, or leave the class out."
                )


def _split_groups(dataset: Any, folds: list[Fold]) -> list[str]:
    """Say which groups with several trials lie on both sides of a fold."""
    reasons = []
    for name, values in dataset.groups.items():
        values = np.asarray(values)
        n_groups = len(np.unique(values))
        if n_groups == len(values):
            continue
        shared = {
            value
            for fold in folds
            for value in np.intersect1d(values[fold.train], values[fold.test]).tolist()
        }
        if shared:
            reasons.append(
                f"trials of the same {name} are on both sides of the split "
                f"({len(shared)} of {n_groups})"
            )
    return reasons


def _named(pairs: Any) -> list[Fold]:
    return [
        Fold(f"fold {k + 1}", np.asarray(train), np.asarray(test))
        for k, (train, test) in enumerate(pairs)
    ]


def _in_order(values: np.ndarray) -> list[Any]:
    unique, first = np.unique(values, return_index=True)
    return [unique[i] for i in np.argsort(first)]
