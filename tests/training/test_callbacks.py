from __future__ import annotations

from typing import Any

import mlx.core as mx
import mlx.nn as nn
import pytest
from mlx.optimizers import SGD

from eegsnn.errors import ConfigurationError
from eegsnn.training import Callback, EarlyStopping, EpochRecord, History, TrainingContext, fit


class Counter(nn.Module):
    """A model whose one weight is the number of updates."""

    def __init__(self) -> None:
        super().__init__()
        self.count = mx.array(0.0)


def train(values: list[float], stopping: Callback, name: str = "loss") -> tuple[float, History]:
    """One update per epoch; the validation gives these values in turn."""
    model, following = Counter(), iter(values)
    history = fit(
        model,
        lambda model, batch, key: -model.count,
        [0],
        SGD(1.0),
        epochs=len(values),
        validate=lambda _: {name: next(following)},
        callbacks=[stopping],
    )
    return model.count.item(), history


def test_it_stops_and_takes_the_best_weights() -> None:
    best, history = train([0.9, 0.7, 0.8, 0.75, 0.72, 0.1], EarlyStopping(patience=3))
    assert best == 2
    assert len(history.records) == 5
    assert history.stop_reason == "validation_loss has not improved for 3 epochs"


def test_larger_may_be_better() -> None:
    stopping = EarlyStopping("score", mode="max", patience=2)
    best, history = train([0.1, 0.9, 0.5, 0.4, 1.0], stopping, "score")
    assert best == 2
    assert len(history.records) == 4


def test_small_improvements_do_not_count_but_their_weights_are_taken() -> None:
    best, history = train([0.9, 0.85, 0.84, 0.1], EarlyStopping(patience=2, tol=0.1))
    assert best == 3
    assert len(history.records) == 3


@pytest.mark.parametrize(("restore", "kept"), [("always", 1), ("interrupted", 3), ("never", 3)])
def test_when_weights_are_restored(restore: str, kept: int) -> None:
    assert train([0.1, 0.2, 0.3], EarlyStopping(patience=None, restore=restore))[0] == kept


def test_it_asks_for_what_it_watches() -> None:
    with pytest.raises(ConfigurationError, match=r"^monitor: .*'validation_loss'.*validate"):
        train([0.5], EarlyStopping(), "score")


@pytest.mark.parametrize(
    ("name", "value"), [("patience", 0), ("tol", -1.0), ("mode", "less"), ("restore", "yes")]
)
def test_impossible_values_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name}: expected"):
        EarlyStopping(**{name: value})


def test_a_callback_need_not_do_anything() -> None:
    callback, context = Callback(), TrainingContext(Counter(), SGD(1.0), 1)
    for method in ("on_train_start", "on_step", "on_epoch", "on_train_end"):
        getattr(callback, method)(context)
    assert callback.state() == {}


def test_history_is_data() -> None:
    records = [EpochRecord(1, 0.5, 0.4, 0.9, 1e-3, {"f1": 0.8}), EpochRecord(2, float("nan"))]
    history = History(records, True, "why")
    assert History.from_dict(history.to_dict()).records[0] == history.records[0]
    assert history.curve("f1") == [0.8, None]
    assert history.curve("validation_loss") == [0.4, None]
    assert '"loss": null' in history.to_json()
