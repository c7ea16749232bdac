"""Rows with labels, groups, an official split and a history, whatever the rows are made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from eegsnn._validation import check_known
from eegsnn.errors import DataError


@dataclasses.dataclass(kw_only=True)
class LabelledData:
    """What series and tables share: one label, one set of groups and one split per row of X."""

    X: np.ndarray
    y: np.ndarray
    groups: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    classes: list[Any] = dataclasses.field(default_factory=list)
    split: np.ndarray | None = None
    name: str = ""
    provenance: dict[str, Any] = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        """Check that everything that belongs to a row is there once per row."""
        self._check_series()
        self.y = self._per_row("y", self.y)
        self.groups = {str(key): self._per_row(key, value) for key, value in self.groups.items()}
        if self.split is not None:
            self.split = self._per_row("split", self.split)
            odd = sorted(set(self.split.tolist()) - {"train", "test"})
            if odd:
                raise DataError(f"split: expected 'train' or 'test' per row, but got {odd[0]!r}.")
        present = np.unique(self.y).tolist()
        self.classes = list(self.classes) or present
        odd = [label for label in present if label not in self.classes]
        if odd:
            raise DataError(
                f"y holds labels that are not in classes: {', '.join(map(str, odd))}. Classes: "
                f"{', '.join(map(str, self.classes))}."
            )
        self.warnings = list(self.warnings)

    def _check_series(self) -> None:
        raise NotImplementedError

    def _per_row(self, key: str, values: Any) -> np.ndarray:
        array = np.asarray(values)
        if array.ndim != 1 or len(array) != len(self.X):
            raise DataError(
                f"{key}: expected one value for each of the {len(self.X)} rows of X, but got "
                f"shape {array.shape}."
            )
        check_known(key, array)
        return array

    def __len__(self) -> int:
        return len(self.X)

    def class_counts(self) -> dict[Any, int]:
        """Count the rows of each class, in the order of `classes`."""
        return {label: int(np.sum(self.y == label)) for label in self.classes}

    def groups_for(self, name: str) -> np.ndarray:
        """Return the group of each row.

        Raises
        ------
        DataError
            If the data have no such groups; the message lists those they have.
        """
        if name not in self.groups:
            there = ", ".join(self.groups) or "none"
            raise DataError(
                f"{self.name or 'The data set'} has no groups called {name!r}. Groups: {there}."
            )
        return self.groups[name]

    def select(self, rows: Any) -> Self:
        """Return the rows named by a boolean mask or by indices, in that order.

        Raises
        ------
        DataError
            If the mask has another length, an index is out of range, or nothing is selected.
        """
        index = np.asarray(rows)
        if index.dtype == bool:
            index = np.flatnonzero(self._per_row("mask", index))
        if index.ndim != 1 or (index.size and index.dtype.kind not in "iu"):
            raise DataError(f"rows: expected a mask or indices, but got {index.dtype} values.")
        if index.size == 0:
            raise DataError(f"{self.name or 'The data set'}: the selection holds no rows.")
        if index.min() < -len(self) or index.max() >= len(self):
            raise DataError(f"rows: expected indices below {len(self)}, but got {index.max()}.")
        return dataclasses.replace(
            self,
            X=self.X[index],
            y=self.y[index],
            groups={key: value[index] for key, value in self.groups.items()},
            split=None if self.split is None else self.split[index],
            **self._of_rows(index),
        )

    def _of_rows(self, index: np.ndarray) -> dict[str, Any]:
        """Return what else belongs to these rows, by field."""
        return {}

    def select_classes(self, labels: Sequence[Any]) -> Self:
        """Keep the rows whose label is among `labels`; `classes` becomes `labels`.

        Raises
        ------
        DataError
            If a label is not a class of the data; the message lists the classes.
        """
        wanted = list(labels)
        missing = [label for label in wanted if label not in self.classes]
        if missing or not wanted:
            raise DataError(
                f"classes: {self.name or 'the data set'} has no class "
                f"{', '.join(map(str, missing)) or '(none was given)'}. Classes: "
                f"{', '.join(map(str, self.classes))}."
            )
        return dataclasses.replace(self.select(np.isin(self.y, wanted)), classes=wanted)

    def _describe_rows(self) -> list[str]:
        lines = [f"  classes: {_counted(self.class_counts())}"]
        if self.split is not None:
            parts = {part: int(np.sum(self.split == part)) for part in ("train", "test")}
            lines.append(f"  official split: {_counted(parts)}")
        for key, values in self.groups.items():
            lines.append(f"  groups by {key}: {len(np.unique(values))}")
        return lines + [f"  beware: {text}" for text in self.warnings]


def _counted(counts: dict[Any, int]) -> str:
    return ", ".join(f"{label} {n}" for label, n in counts.items())
