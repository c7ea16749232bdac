"""The course of training, as data."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class EpochRecord(NamedTuple):
    """What one epoch gave; the validation entries are None where nothing is held out.

    `loss` is the mean over the steps of the epoch, each before its update; `learning_rate` that of
    the last step; `metrics` holds what else a validation returned.
    """

    epoch: int
    loss: float
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    learning_rate: float | None = None
    metrics: dict[str, float] | None = None

    def value(self, name: str) -> float | None:
        """Entry or metric of this name, or None where there is none."""
        if name in self._fields and name != "metrics":
            return getattr(self, name)
        return (self.metrics or {}).get(name)


@dataclass
class History:
    """The course of training, as data.

    Attributes
    ----------
    records : list of EpochRecord
    interrupted : bool
        Whether Ctrl-C ended it.
    stop_reason : str, optional
        Why it ended before its last epoch, where a callback stopped it.

    Examples
    --------
    >>> history = History([EpochRecord(1, 0.9), EpochRecord(2, 0.4)])
    >>> history.loss_curve
    [0.9, 0.4]
    >>> History.from_dict(history.to_dict()) == history
    True
    """

    records: list[EpochRecord] = field(default_factory=list)
    interrupted: bool = False
    stop_reason: str | None = None

    @property
    def loss_curve(self) -> list[float]:
        """Mean training loss of each epoch."""
        return [record.loss for record in self.records]

    @property
    def validation_scores(self) -> list[float]:
        """Accuracy on held-out trials after each epoch; empty where there are none."""
        return [r.validation_accuracy for r in self.records if r.validation_accuracy is not None]

    def curve(self, name: str) -> list[float | None]:
        """One entry or metric over all epochs; None where an epoch has none."""
        return [record.value(name) for record in self.records]

    def to_dict(self) -> dict[str, Any]:
        """Plain values: records as dicts, and how it ended."""
        return {
            "records": [record._asdict() for record in self.records],
            "interrupted": self.interrupted,
            "stop_reason": self.stop_reason,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> History:
        """Rebuild what :meth:`to_dict` gave."""
        return cls(
            [EpochRecord(**record) for record in content["records"]],
            content["interrupted"],
            content["stop_reason"],
        )

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text; what is not finite, which JSON cannot say, as null."""
        return json.dumps(_finite(self.to_dict()), indent=2, allow_nan=False)


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _finite(value) for name, value in content.items()}
    if isinstance(content, list):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
