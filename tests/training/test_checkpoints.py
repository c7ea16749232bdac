from __future__ import annotations

import importlib.util
import json
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.optimizers import SGD, Adam, MultiOptimizer, cosine_decay
from mlx.utils import tree_flatten

from eegsnn.errors import ConfigurationError, InterruptedTrainingWarning, ModelFileError
from eegsnn.layers import Linear, Sequential
from eegsnn.neurons import Leaky, LeakyIntegrator
from eegsnn.training import (
    Callback,
    Checkpoints,
    EarlyStopping,
    TrainingContext,
    fit,
    load_checkpoint,
    save_checkpoint,
)

SCRIPT = Path(__file__).with_name("resumable.py")
_spec = importlib.util.spec_from_file_location("resumable", SCRIPT)
assert _spec is not None
assert _spec.loader is not None
resumable = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(resumable)


def weights_of(model: nn.Module) -> dict[str, np.ndarray]:
    return {name: np.array(value) for name, value in tree_flatten(model.parameters())}


def assert_same(first: tuple[Any, Any], second: tuple[Any, Any]) -> None:
    """Weights bit for bit, and histories."""
    before, after = weights_of(first[0]), weights_of(second[0])
    assert before.keys() == after.keys()
    for name in before:
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)
    assert first[1] == second[1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.safetensors"


class StopError(Exception):
    pass


class StopAfter(Callback):
    def __init__(self, updates: int) -> None:
        self.updates = updates

    def on_step(self, context: TrainingContext) -> None:
        if context.updates_done == self.updates:
            raise StopError


class TestResumption:
    def test_killed_again_and_again_is_never_killed(self, path: Path) -> None:
        for kind, number in [
            ("half-written", 1),
            ("step", 3),
            ("half-written", 2),
            ("not-renamed", 5),
            ("step", 13),
        ]:
            done = subprocess.run([sys.executable, str(SCRIPT), str(path), kind, str(number)])
            assert done.returncode == -signal.SIGKILL
        assert load_checkpoint(path).description["updates_done"] == 12
        assert_same(resumable.train(None), resumable.train(path))
        assert list(path.parent.iterdir()) == [path]  # nothing is left of the killed writers

    @pytest.mark.parametrize("updates", [1, 4, 5, 8, 15, 16])
    def test_stopped_after_any_step(self, path: Path, updates: int) -> None:
        with pytest.raises(StopError):
            resumable.train(path, callbacks=(StopAfter(updates),))
        assert_same(resumable.train(None), resumable.train(path))

    def test_a_finished_training_stays_as_it_is(self, path: Path) -> None:
        first = resumable.train(path)
        assert_same(first, resumable.train(path))

    def test_more_epochs_may_follow(self, path: Path) -> None:
        resumable.train(path, epochs=2)
        assert len(resumable.train(path, epochs=5)[1].records) == 5

    def test_the_best_weights_of_before_are_remembered(self, path: Path) -> None:
        def train(path: Path | None, losses: list[float], epochs: int) -> nn.Module:
            model = LeakyIntegrator(0.5, learn_beta=True)
            validations = iter(losses)
            fit(
                model,
                lambda model, batch, key: model.run(batch)[0].sum(),
                [mx.ones((4, 1, 1))],
                SGD(0.1),
                epochs=epochs,
                validate=lambda _: {"loss": next(validations)},
                callbacks=[EarlyStopping(patience=9)],
                checkpoint=path,
                resume=path is not None,
            )
            return model

        train(path, [0.5, 0.1, 0.4], 3)
        resumed = train(path, [0.3, 0.2], 5)
        whole = train(None, [0.5, 0.1, 0.4, 0.3, 0.2], 5)
        assert mx.array_equal(resumed.beta, whole.beta)

    def test_the_same_model_may_go_on(self, path: Path) -> None:
        def loss(model: nn.Module, batch: tuple[mx.array, mx.array], key: mx.array) -> mx.array:
            return mx.square(model(batch[0]) - 1).mean()

        def make() -> nn.Module:
            mx.random.seed(0)
            return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm(4))

        model, whole, batches = make(), make(), resumable.make_batches()
        for epochs in (1, 3):  # the statistics, fixed arrays, are no longer those of the start
            fit(model, loss, batches, Adam(0.1), epochs=epochs, checkpoint=path, resume=True)
        fit(whole, loss, batches, Adam(0.1), epochs=3)
        assert_same((whole, None), (model, None))

    def test_a_stop_outlives_the_process(self, path: Path) -> None:
        def run() -> Any:
            return resumable.train(path, callbacks=(lambda c: c.stop("enough"),))[1]

        assert run().stop_reason == "enough"
        again = run()
        assert again.stop_reason == "enough"
        assert len(again.records) == 1

    def test_ctrl_c_leaves_a_checkpoint_of_the_step(self, path: Path) -> None:
        class Press(Callback):
            def on_step(self, context: TrainingContext) -> None:
                if context.updates_done == 6:
                    signal.raise_signal(signal.SIGINT)

        def train(callbacks: tuple[Any, ...] = ()) -> Any:
            model = resumable.make_model()
            mx.random.seed(1)
            checkpoints = Checkpoints(path, every_epochs=50)
            history = fit(
                model,
                resumable.loss,
                resumable.make_batches(),
                Adam(0.01),
                epochs=3,
                callbacks=callbacks,
                checkpoint=checkpoints,
                resume=True,
            )
            return model, history

        with pytest.warns(InterruptedTrainingWarning, match="resume=True"):
            train((Press(),))
        assert load_checkpoint(path).description["updates_done"] == 6
        resumed = train()
        path.unlink()
        assert_same(train(), resumed)

    @pytest.mark.parametrize(
        "make",
        [
            lambda: SGD(0.1),
            lambda: SGD(0.1, momentum=0.9),
            lambda: MultiOptimizer(
                [Adam(0.01), SGD(cosine_decay(0.1, 8))], [lambda name, _: "weight" in name]
            ),
        ],
        ids=["SGD", "momentum", "several"],
    )
    def test_other_optimisers(self, path: Path, make: Any) -> None:
        with pytest.raises(StopError):
            resumable.train(path, optimizer=make(), callbacks=(StopAfter(7),))
        resumed = resumable.train(path, optimizer=make())
        assert_same(resumable.train(None, optimizer=make()), resumed)


class TestRefusals:
    def test_a_checkpoint_is_not_overwritten_unasked(self, path: Path) -> None:
        resumable.train(path, epochs=1)
        before = path.read_bytes()
        with pytest.raises(ConfigurationError, match=r"run\.safetensors exists.*resume=True"):
            fit(resumable.make_model(), resumable.loss, resumable.make_batches(), checkpoint=path)
        assert path.read_bytes() == before

    @pytest.mark.parametrize(
        ("changes", "text"),
        [
            ({"seed": 4}, "seed: 3 in the checkpoint, 4 here"),
            ({"clip_norm": None}, "clip_norm: 1.0 in the checkpoint, None here"),
            ({"optimizer": SGD(0.1)}, "optimizer.class: 'Adam' in the checkpoint, 'SGD' here"),
            ({"optimizer": Adam(cosine_decay(0.04, 16))}, "optimizer.learning_rate at updates"),
            (
                {"optimizer": Adam(cosine_decay(0.05, 16), betas=[0.8, 0.999])},
                r"optimizer.betas: \[0.9, 0.999\] in the checkpoint, \[0.8, 0.999\] here",
            ),
            ({"settings": {"data": "B"}}, "settings.data: nothing in the checkpoint, 'B' here"),
        ],
    )
    def test_other_settings_are_named(self, path: Path, changes: dict, text: str) -> None:
        resumable.train(path, epochs=1)
        with pytest.raises(ConfigurationError, match=rf"another training: .*{text}"):
            resumable.train(path, **changes)

    @pytest.mark.parametrize(
        ("neuron", "width", "text"),
        [
            (Leaky(0.8), 5, r"arrays.layers.1.beta_logit: .* in the checkpoint, nothing here"),
            (
                Leaky(0.8, learn_beta=True, threshold=2.0),
                5,
                r"threshold_fixed: .*checksum",
            ),
            (Leaky(0.8, learn_beta=True, reset_mechanism="zero"), 5, "'subtract'.*, 'zero' here"),
            (Leaky(0.8, learn_beta=True, surrogate="arctan"), 5, "surrogate.*'arctan'"),
            (Leaky(0.8, learn_beta=True), 6, r"layers.0.weight: .*5, 3\].*6, 3\] here"),
        ],
    )
    def test_other_models_are_named(self, path: Path, neuron: Any, width: int, text: str) -> None:
        resumable.train(path, epochs=1)
        model = resumable.make_model()
        layers = [*model.layers]
        key = mx.random.key(0)
        layers[0], layers[1] = Linear(3, width, key=key), neuron
        layers[4] = Linear(width, 2, key=key)
        with pytest.raises(ConfigurationError, match=f"another training: .*{text}"):
            resumable.train(path, model=Sequential(*layers))

    def test_other_callbacks_are_named(self, path: Path) -> None:
        resumable.train(path, epochs=1)
        with pytest.raises(ConfigurationError, match=r"callbacks: .*'0': 'EarlyStopping'"):
            resumable.train(path, callbacks=(EarlyStopping("spread", patience=3),))

    def test_a_memory_that_no_file_can_hold(self, path: Path) -> None:
        class Odd(Callback):
            def state(self) -> dict[str, Any]:
                return {"function": print}

        with pytest.raises(ConfigurationError, match=r"callbacks.*JSON can hold"):
            resumable.train(path, callbacks=(Odd(),))
        assert not path.exists()

    def test_a_missing_file(self, path: Path) -> None:
        with pytest.raises(ModelFileError, match=r"run\.safetensors: there is no checkpoint"):
            load_checkpoint(path)

    @pytest.mark.parametrize("kept", [0, 5, 200, -1])
    def test_a_truncated_file(self, path: Path, kept: int) -> None:
        resumable.train(path, epochs=1)
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(ModelFileError, match=r"no checkpoint, or a damaged one"):
            resumable.train(path)

    def test_a_foreign_file(self, path: Path) -> None:
        mx.save_safetensors(str(path), {"weight": mx.ones(3)})
        with pytest.raises(ModelFileError, match="no checkpoint"):
            load_checkpoint(path)

    def test_another_version(self, path: Path) -> None:
        description = {"format": "eegsnn-checkpoint", "version": 9, "eegsnn": "7.0"}
        mx.save_safetensors(str(path), {}, metadata={"eegsnn": json.dumps(description)})
        with pytest.raises(ModelFileError, match=r"version 1, but it has 9.*eegsnn 7\.0"):
            load_checkpoint(path)

    def test_another_ending(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match=r"ends in \.safetensors"):
            Checkpoints(tmp_path / "run.pt")

    def test_resuming_from_nothing(self) -> None:
        with pytest.raises(ConfigurationError, match="resume: expected a checkpoint"):
            fit(resumable.make_model(), resumable.loss, resumable.make_batches(), resume=True)


def test_a_full_disk_leaves_the_checkpoint_before(path: Path) -> None:
    resumable.train(path, epochs=1)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match=r"the checkpoint cannot be written.*run\.safetensors"):
            resumable.train(path, epochs=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_half_precision_and_fixed_arrays_come_back(path: Path) -> None:
    model = nn.Linear(3, 2)
    model.set_dtype(mx.bfloat16)
    model.freeze(keys="bias")
    model.bias = mx.array([1.5, -2.0], mx.bfloat16)
    context = TrainingContext(model, Adam(0.1), 1)
    context.optimizer.init(model.trainable_parameters())
    save_checkpoint(path, context)
    weight = model.weight
    model.update({"weight": mx.zeros((2, 3), mx.bfloat16), "bias": mx.zeros(2, mx.bfloat16)})
    load_checkpoint(path).restore(context)
    assert mx.array_equal(model.weight, weight)
    assert model.bias.tolist() == [1.5, -2.0]
