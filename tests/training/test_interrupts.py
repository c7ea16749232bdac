from __future__ import annotations

import signal
import threading
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest

from eegsnn import SpikingClassifier
from eegsnn.errors import InterruptedTrainingWarning
from eegsnn.training import Callback, TrainingContext, fit
from eegsnn.training.interrupts import deferred_interrupts


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def loss(model: nn.Linear, batch: mx.array, key: mx.array) -> mx.array:
    return mx.square(model(batch)).mean()


BATCHES = [mx.ones((2, 3))] * 4


class TestFlag:
    def test_waits_to_be_read(self) -> None:
        with deferred_interrupts() as interrupt:
            press()
            assert interrupt.requested
            with pytest.raises(KeyboardInterrupt):
                interrupt.check()
            interrupt.check()  # once is enough

    def test_the_former_handler_comes_back(self) -> None:
        before = signal.getsignal(signal.SIGINT)
        with deferred_interrupts():
            assert signal.getsignal(signal.SIGINT) is not before
        assert signal.getsignal(signal.SIGINT) is before
        with pytest.raises(OSError, match="full"), deferred_interrupts():
            raise OSError("full")
        assert signal.getsignal(signal.SIGINT) is before

    def test_one_that_nobody_read_is_raised_at_the_end(self) -> None:
        with pytest.raises(KeyboardInterrupt), deferred_interrupts():
            press()

    def test_the_second_is_raised_at_once(self) -> None:
        with deferred_interrupts() as interrupt:
            press()
            with pytest.raises(KeyboardInterrupt):
                press()
            interrupt.requested = False

    def test_blocks_within_share_the_flag(self) -> None:
        with deferred_interrupts() as outer:
            with deferred_interrupts() as inner:
                press()
            assert inner is outer
            with pytest.raises(KeyboardInterrupt):
                outer.check()

    def test_a_handler_of_somebody_else_goes_on_working(self) -> None:
        received = []
        before = signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
        try:
            with deferred_interrupts() as interrupt:
                press()
            assert received == [signal.SIGINT]
            assert not interrupt.requested
        finally:
            signal.signal(signal.SIGINT, before)

    def test_other_threads_do_without(self) -> None:
        handlers = []

        def work() -> None:
            with deferred_interrupts():
                handlers.append(signal.getsignal(signal.SIGINT))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert handlers == [signal.default_int_handler]


class PressAt(Callback):
    def __init__(self, updates: int) -> None:
        self.updates = updates

    def on_step(self, context: TrainingContext) -> None:
        if context.updates_done == self.updates:
            press()


class TestFit:
    @pytest.mark.parametrize("updates", [5, 8, 9, 12])
    def test_ends_after_the_step(self, updates: int) -> None:
        with pytest.warns(InterruptedTrainingWarning, match="Set epochs lower"):
            history = fit(nn.Linear(3, 1), loss, BATCHES, epochs=3, callbacks=[PressAt(updates)])
        assert history.interrupted
        assert len(history.records) == updates // 4

    def test_within_the_loss_function_it_is_not_lost(self) -> None:
        calls = []

        def loss_and_press(model: nn.Linear, batch: mx.array, key: mx.array) -> mx.array:
            calls.append(1)
            if len(calls) == 6:
                press()
            return loss(model, batch, key)

        with pytest.warns(InterruptedTrainingWarning):
            fit(nn.Linear(3, 1), loss_and_press, BATCHES, epochs=3)
        assert len(calls) == 6

    def test_in_the_first_epoch_it_is_passed_on(self) -> None:
        with pytest.raises(KeyboardInterrupt):
            fit(nn.Linear(3, 1), loss, BATCHES, epochs=3, callbacks=[PressAt(2)])

    def test_the_warning_points_here(self) -> None:
        with pytest.warns(InterruptedTrainingWarning) as caught:
            fit(nn.Linear(3, 1), loss, BATCHES, epochs=3, callbacks=[PressAt(6)])
        assert caught[0].filename == __file__


@pytest.mark.parametrize("through", ["fit", "pipeline"])
def test_an_estimator_warns_at_the_line_of_its_user(
    through: str, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    from sklearn.pipeline import make_pipeline

    from eegsnn.training import Trainer

    step = Trainer.step

    def step_and_press(trainer: Trainer, *arguments: Any, **keywords: Any) -> float:
        if trainer._steps_done == 3:
            press()
        return step(trainer, *arguments, **keywords)

    monkeypatch.setattr(Trainer, "step", step_and_press)
    model = SpikingClassifier(hidden=(4,), max_epochs=9, batch_size=10, random_state=0)
    user = model if through == "fit" else make_pipeline(model)
    with pytest.warns(InterruptedTrainingWarning, match="after 1 of 9 epochs") as caught:
        user.fit(rng.normal(size=(20, 3, 5)), np.arange(20) % 2)
    interrupted = [w for w in caught if w.category is InterruptedTrainingWarning]
    assert [w.filename for w in interrupted] == [__file__]
    assert model.interrupted_
