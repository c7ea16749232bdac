"""A protocol chosen by name, checked against the data before anything long starts.

What cannot run is refused in one line; what can run but means less than it seems is said in words
that stay with the scores.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eegsnn._validation import check_choice, check_integer
from eegsnn.errors import ConfigurationError, DataError, DataTrapWarning
from eegsnn.evaluation.protocols import (
    PROTOCOLS,
    Fold,
    Split,
    contiguous_blocks,
    group_k_fold,
    leave_one_group_out,
    official_split,
    stratified_k_fold,
    transfer,
    within_groups,
)

NEED_GROUP = ("leave-one-group-out", "group-k-fold")
"""Protocols that keep a named group whole."""

_NOT_WITHIN = ("official", "transfer")


def make_split(
    dataset: Any,
    kind: str,
    *,
    group: str | None = None,
    n_splits: int = 5,
    gap: int = 0,
    within: str | None = None,
    train: Mapping[str, Sequence[Any]] | None = None,
    test: Mapping[str, Sequence[Any]] | None = None,
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
    within : str, optional
        Divide the trials of each of these groups by themselves: ``group="session",
        within="subject"`` leaves out one session of one subject at a time and trains on the other
        sessions of that subject. A subject with one session only is left out, and named.
    train, test : mapping of str to list, optional
        For transfer: group → values that train, and that test, as in ``train={"session": [1]},
        test={"session": [2]}``. Of several groups, a trial has to be in all. Not needed for a data
        set of :func:`~eegsnn.evaluation.join_for_transfer`.

    Raises
    ------
    ConfigurationError
        If `kind`, `n_splits` or `gap` is not allowed, or options do not belong to the protocol.
    DataError
        If the data cannot be divided so: no official split, no or too few groups, a class with
        too few trials, a class that is missing from a training set (the fold is named) or is never
        tested.

    Warns
    -----
    DataTrapWarning
        If some groups of `within` cannot be divided and are left out.
    """
    check_choice("protocol.kind", kind, PROTOCOLS)
    n_splits = check_integer("protocol.n_splits", n_splits, low=2)
    gap = check_integer("protocol.gap", gap, low=0)
    check_protocol_options(kind, within, train, test)
    y = np.asarray(dataset.y)
    _check_classes(y, dataset.classes)
    held = _groups(dataset, kind, "group", group) if kind in NEED_GROUP else None
    notes: list[str] = []

    def divide(trials: np.ndarray) -> list[Fold]:
        if kind == "leave-one-group-out" and held is not None:
            return leave_one_group_out(held[trials], group or "group")
        if kind == "group-k-fold" and held is not None:
            return group_k_fold(y[trials], held[trials], n_splits, group or "group")
        if kind == "stratified-k-fold":
            return stratified_k_fold(y[trials], n_splits)
        return contiguous_blocks(y[trials], n_splits, gap)

    if kind == "official":
        folds = _official(dataset)
    elif kind == "transfer":
        folds = _transfer(dataset, train, test, notes)
    elif within is None:
        folds = divide(np.arange(len(y)))
    else:
        outer = _groups(dataset, kind, "within", within)
        kept = _divisible(outer, held, within, group, notes)
        folds = [
            Fold(fold.name, kept[fold.train], kept[fold.test])
            for fold in within_groups(outer[kept], lambda trials: divide(kept[trials]), within)
        ]
    _check_folds(folds, y, dataset.classes, kind)
    leaky = _split_groups(dataset, folds, within) if kind == "stratified-k-fold" else []
    notes += _notes(dataset, kind, group, folds, y)
    return Split(kind, folds, group, leaky, notes, within)


def check_protocol_options(kind: str, within: Any, train: Any, test: Any) -> None:
    """Refuse options that do not belong to a protocol; see :func:`make_split`."""
    if within is not None and kind in _NOT_WITHIN:
        raise ConfigurationError(
            f"protocol.within: {kind} has one division of all trials, so that nothing is divided "
            f"within {within!r}; remove it, or choose leave-one-group-out."
        )
    if (train is not None or test is not None) and kind != "transfer":
        raise ConfigurationError(
            f"protocol.train, protocol.test: belong to kind 'transfer', but kind is {kind!r}; "
            f"remove them, or choose 'transfer'."
        )
    if (train is None) != (test is None):
        raise ConfigurationError(
            "protocol.train, protocol.test: expected both, such as train = { session = [1] } and "
            "test = { session = [2] }, but got one."
        )


def _official(dataset: Any) -> list[Fold]:
    if dataset.split is None:
        others = ", ".join(name for name in PROTOCOLS if name != "official")
        raise DataError(f"{dataset.name} has no official split. Choose another protocol: {others}.")
    return official_split(dataset.split)


def _transfer(dataset: Any, train: Any, test: Any, notes: list[str]) -> list[Fold]:
    if train is None:
        joined = getattr(dataset, "provenance", {}).get("transfer")
        if joined is None or dataset.split is None:
            raise DataError(
                f"transfer needs to know what to train on and what to test on: give "
                f"protocol.train and protocol.test (groups of {dataset.name}: "
                f"{', '.join(dataset.groups) or 'none'}), or a second data set ([test_data])."
            )
        split = np.asarray(dataset.split)
        return transfer(split == "train", split == "test", str(joined))
    trained, tested = _members(dataset, train, "train"), _members(dataset, test, "test")
    unused = int((~(trained | tested)).sum())
    if unused:
        notes.append(f"{unused} trials belong to neither side of the transfer and are not used.")
    return transfer(trained, tested, f"{_worded(train)} → {_worded(test)}")


def _members(dataset: Any, wanted: Mapping[str, Sequence[Any]], side: str) -> np.ndarray:
    """Say which trials are in all of the groups named."""
    member = np.ones(len(dataset.y), dtype=bool)
    for name, values in wanted.items():
        groups = _groups(dataset, "transfer", side, name).astype(str)
        listed = values if isinstance(values, list | tuple | np.ndarray) else [values]
        missing = [str(value) for value in listed if str(value) not in groups]
        if missing:
            there = ", ".join(list(dict.fromkeys(groups.tolist()))[:20])
            raise DataError(
                f"protocol.{side}: {dataset.name} has no {name} {', '.join(missing)}. It has: "
                f"{there}."
            )
        member &= np.isin(groups, [str(value) for value in listed])
    return member


def _worded(wanted: Mapping[str, Sequence[Any]]) -> str:
    return ", ".join(
        f"{name} {'+'.join(map(str, values if isinstance(values, list | tuple) else [values]))}"
        for name, values in wanted.items()
    )


def _divisible(
    outer: np.ndarray, held: np.ndarray | None, within: str, group: str | None, notes: list[str]
) -> np.ndarray:
    """Return the trials of the groups that have two groups to divide; say who is left out."""
    everything = np.arange(len(outer))
    if held is None:
        return everything
    lonely = [value for value in np.unique(outer) if len(np.unique(held[outer == value])) < 2]
    if not lonely:
        return everything
    if len(lonely) == len(np.unique(outer)):
        raise DataError(
            f"leaving out one {group} within each {within} needs a {within} with two of them, but "
            f"each has one. Choose another group or protocol."
        )
    text = f"Left out, because there is one {group} only: {within} {', '.join(map(str, lonely))}."
    notes.append(text)
    warnings.warn(text, DataTrapWarning, stacklevel=3)
    return np.flatnonzero(~np.isin(outer, lonely))


def _notes(
    dataset: Any, kind: str, group: str | None, folds: list[Fold], y: np.ndarray
) -> list[str]:
    """Say what a reader of the scores must know, without it being a leak."""
    notes = []
    if kind == "stratified-k-fold" and not dataset.groups:
        notes.append(
            "The data set names no subjects, sessions or runs, so nobody can say whether "
            "trials of one recording are on both sides of the split."
        )
    elif kind == "contiguous-blocks":
        notes.append(
            "Training and test trials are stretches of the same recordings: the score says nothing "
            "about a new session or subject."
        )
    elif kind != "stratified-k-fold" and group != "subject" and "subject" in dataset.groups:
        subjects = np.asarray(dataset.groups["subject"])
        if any(np.isin(subjects[fold.test], subjects[fold.train]).any() for fold in folds):
            notes.append(
                "Subjects that are tested have been trained on too, with other trials: the score "
                "says nothing about a new subject."
            )
    lacking = [fold.name for fold in folds if len(np.unique(y[fold.test])) < len(np.unique(y))]
    if lacking:
        notes.append(
            f"{len(lacking)} of {len(folds)} folds test some of the classes only (the first is "
            f"{lacking[0]!r}): chance differs from fold to fold there, and the AUC is that of all "
            f"folds together."
        )
    return notes


def _groups(dataset: Any, kind: str, option: str, group: str | None) -> np.ndarray:
    present = ", ".join(dataset.groups) or "none"
    if group is None:
        raise DataError(
            f"{kind} needs protocol.group, the name of the group to keep whole. {dataset.name} "
            f"has: {present}."
        )
    if group not in dataset.groups:
        raise DataError(
            f"protocol.{option}: {dataset.name} has no group {group!r}. It has: {present}."
        )
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
    tested = np.unique(np.concatenate([y[fold.test] for fold in folds]))
    untested = [str(label) for label in classes if label not in tested]
    if untested:
        raise DataError(
            f"{kind}: no test trial is of class {', '.join(map(repr, untested))}. Choose another "
            f"division, or leave the class out."
        )


def _split_groups(dataset: Any, folds: list[Fold], within: str | None) -> list[str]:
    """Say which groups with several trials lie on both sides of a fold, but for `within`.

    What all trials share, one subject, say, could not be left out, and nobody takes it to be. Nor
    is it a leak that men and women are on both sides, as long as no subject is.
    """
    subjects = np.asarray(dataset.groups.get("subject", []))
    apart = len(subjects) > 0 and not _on_both_sides(subjects, folds)
    reasons = []
    for name, values in dataset.groups.items():
        if name == within:
            continue
        values = np.asarray(values)
        n_groups = len(np.unique(values))
        if n_groups in (1, len(values)) or (apart and _lumps(values, subjects)):
            continue
        shared = _on_both_sides(values, folds)
        if shared:
            reasons.append(
                f"trials of the same {name} are on both sides of the split "
                f"({len(shared)} of {n_groups})"
            )
    return reasons


def _on_both_sides(values: np.ndarray, folds: list[Fold]) -> set[Any]:
    return {
        value
        for fold in folds
        for value in np.intersect1d(values[fold.train], values[fold.test]).tolist()
    }


def _lumps(values: np.ndarray, subjects: np.ndarray) -> bool:
    """Whether groups are of whole subjects, and fewer: sex, age band, site."""
    numbers = np.unique(subjects, return_inverse=True)[1]
    codes = np.unique(values, return_inverse=True)[1]
    n_subjects, n_groups = int(numbers.max()) + 1, int(codes.max()) + 1
    pairs = np.unique(numbers * n_groups + codes)
    return len(pairs) == n_subjects > n_groups
