"""A network over a sequence is the loop over its steps, gradients included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.utils import tree_flatten

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.layers import (
    BNTT,
    AvgPool2d,
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    Residual,
    Sequential,
    SumPool2d,
    TdBN,
)
from eegsnn.neurons import IF, Leaky, LeakyIntegrator
from eegsnn.training import bptt_forward

KEYS = mx.random.split(mx.random.key(0), 8)
T, BATCH = 7, 3


def dense() -> Sequential:
    return Sequential(
        Linear(5, 8, key=KEYS[0]),
        Leaky(beta=0.8, learn_beta=True),
        Linear(8, 4, key=KEYS[1]),
        LeakyIntegrator(0.9),
    )


def convolutional() -> Sequential:
    return Sequential(
        Conv2d(2, 3, 3, padding=1, key=KEYS[0]),
        TdBN(3),
        Leaky(beta=0.7),
        SumPool2d(2),
        Residual(Conv2d(3, 3, 3, padding=1, key=KEYS[1]), IF()),
        AvgPool2d(2),
        Flatten(),
        Linear(3, 2, key=KEYS[2]),
        Leaky(),
    ).eval()


def plain_mlx() -> Sequential:
    mx.random.seed(0)
    return Sequential(nn.Linear(5, 6), nn.ReLU(), nn.LayerNorm(6), Leaky(), mx.tanh)


def with_shortcut() -> Sequential:
    return Sequential(
        Residual(Linear(5, 6, key=KEYS[0]), Leaky(), shortcut=Linear(5, 6, key=KEYS[1])),
        BNTT(6, T),
        Leaky(beta=[0.5, 0.6, 0.7, 0.8, 0.9, 0.95]),
        Sequential(Linear(6, 2, key=KEYS[2]), Leaky()),
    )


def with_dropout() -> Sequential:
    return Sequential(
        Linear(5, 8, key=KEYS[0]),
        Leaky(),
        Dropout(0.5),
        Residual(Dropout(0.3)),
        Linear(8, 2, key=KEYS[1]),
    )


MODELS: list[tuple[Any, tuple[int, ...]]] = [
    (dense, (5,)),
    (convolutional, (4, 4, 2)),
    (plain_mlx, (5,)),
    (with_shortcut, (5,)),
    (with_dropout, (5,)),
]


def draw(features: tuple[int, ...], scale: float = 1.5) -> mx.array:
    values = np.random.default_rng(1).normal(0.3, scale, (T, BATCH, *features))
    return mx.array(values.astype(np.float32))


def looped(model: Sequential, x: mx.array, key: mx.array | None) -> tuple[mx.array, Any]:
    state, outputs = model.init_state(BATCH, x.shape[2:]), []
    for part in mx.split(x, len(x)):
        out, state = model(part[0], state, key=key)
        outputs.append(out)
    return mx.stack(outputs), state


def assert_close(a: Any, b: Any, message: str = "") -> None:
    ours, theirs = dict(tree_flatten(a)), dict(tree_flatten(b))
    assert set(ours) == set(theirs)
    for name in ours:
        np.testing.assert_allclose(
            np.asarray(ours[name]),
            np.asarray(theirs[name]),
            rtol=1e-4,
            atol=1e-5,
            err_msg=f"{message} {name}",
        )


@pytest.mark.parametrize(("make", "features"), MODELS, ids=lambda v: getattr(v, "__name__", ""))
def test_a_sequence_is_the_loop_over_its_steps(make: Any, features: tuple[int, ...]) -> None:
    x, model = draw(features), make()
    key = mx.random.key(9) if make is with_dropout else None
    weight = draw(model.output_features(features), 1.0)

    def loss(run: Any) -> Any:
        def value(model: Sequential, x: mx.array) -> mx.array:
            out, state = run(model, x, key)
            last = sum((part.sum() for _, part in tree_flatten(state)), mx.array(0.0))
            return (out * weight).sum() + 0.1 * last

        return value

    whole = loss(lambda model, x, key: model.run(x, key=key))
    steps = loss(looped)
    assert_close(list(model.run(x, key=key)), list(looped(model, x, key)), "output")
    assert float(whole(model, x)) == pytest.approx(float(steps(model, x)), rel=1e-5)
    assert_close(
        nn.value_and_grad(model, whole)(model, x)[1],
        nn.value_and_grad(model, steps)(model, x)[1],
        "gradient of",
    )
    by_x = mx.grad(lambda x: whole(model, x))(x), mx.grad(lambda x: steps(model, x))(x)
    assert_close([by_x[0]], [by_x[1]], "gradient of the input")
    assert float(mx.abs(by_x[0]).sum()) > 0


@pytest.mark.parametrize(("make", "features"), MODELS, ids=lambda v: getattr(v, "__name__", ""))
def test_a_trace_tells_what_every_layer_gave(make: Any, features: tuple[int, ...]) -> None:
    x, model = draw(features), make()
    traces = model.trace(x)
    assert mx.allclose(traces[-1].output, model.run(x)[0], atol=1e-6)
    by_name = {trace.name: trace for trace in traces}
    modules = dict(model.named_modules())
    for index, layer in enumerate(model.layers):
        trace = by_name[f"layers.{index}"]
        assert trace.layer is layer
        assert trace.input.shape[:2] == trace.output.shape[:2] == (T, BATCH)
        if isinstance(layer, Leaky):
            assert trace.states["mem"].shape == trace.output.shape
    for name, trace in by_name.items():
        if isinstance(trace.layer, nn.Module):
            assert modules[name] is trace.layer


def test_a_run_in_parts_is_the_whole_run() -> None:
    model, x = dense(), draw((5,))
    first, state = model.run(x[:3])
    second, state = model.run(x[3:], state)
    whole, last = model.run(x)
    assert_close([mx.concatenate([first, second]), state], [whole, last])


@pytest.mark.parametrize("make", [dense, with_shortcut, with_dropout])
@pytest.mark.parametrize("checkpoint", [2, "sqrt"])
def test_recomputed_segments_give_the_same_gradient(make: Any, checkpoint: int | str) -> None:
    model, x = make().eval(), draw((5,))
    key = mx.random.key(3)

    def gradient(**how: Any) -> Any:
        def loss(model: Sequential) -> mx.array:
            return mx.square(bptt_forward(model, x, key=key, **how)[0]).mean()

        return nn.value_and_grad(model, loss)(model)

    assert_close(list(gradient(checkpoint=checkpoint)), list(gradient()))


def test_masks_follow_from_the_key() -> None:
    model, x = with_dropout(), draw((5,))
    first, again, other = (model.run(x, key=mx.random.key(seed))[0].tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert model.run(x)[0].tolist() == model.run(x)[0].tolist()


def test_init_state_finds_the_shape_of_every_layer() -> None:
    state = convolutional().init_state(BATCH, (4, 4, 2))
    assert state[2]["mem"].shape == (BATCH, 4, 4, 3)
    assert state[4]["block"][1]["mem"].shape == (BATCH, 2, 2, 3)
    assert state[8]["mem"].shape == (BATCH, 2)
    assert [state[i] for i in (0, 1, 3, 5)] == [{}] * 4
    assert dense().init_state(2, 5)[1]["mem"].shape == (2, 8)


def test_init_state_draws_and_learns_nothing() -> None:
    model = Sequential(nn.Linear(3, 4), nn.BatchNorm(4), nn.Dropout(0.5), TdBN(4), Leaky())
    model.layers[2].eval()
    before, random_state = model.parameters(), mx.random.state[0].tolist()
    before = {name: np.array(value) for name, value in tree_flatten(before)}
    model.init_state(2, 3)
    assert_close(model.parameters(), model.parameters())
    for name, value in tree_flatten(model.parameters()):
        np.testing.assert_array_equal(np.asarray(value), before[name])
    assert mx.random.state[0].tolist() == random_state
    assert [layer.training for layer in model.layers] == [True, True, False, True, True]


def test_weights_and_fixed_parameters_come_back(tmp_path: Path) -> None:
    model, path = with_shortcut(), str(tmp_path / "weights.safetensors")
    model.layers[2].beta = [0.1] * 6
    model.layers[1].running_mean = model.layers[1].running_mean + 2
    model.save_weights(path)
    other = with_shortcut()
    other.load_weights(path)
    assert_close(other.parameters(), model.parameters())
    assert other.layers[2].beta.tolist() == pytest.approx([0.1] * 6)
    x = draw((5,))
    assert mx.array_equal(other.eval().run(x)[0], model.eval().run(x)[0])


def test_unfreezing_a_network_leaves_fixed_parameters_fixed() -> None:
    model = Sequential(Linear(2, 2, key=KEYS[0]), Residual(Leaky(), TdBN(2)), BNTT(2, 3))
    model.freeze()
    assert not tree_flatten(model.trainable_parameters())
    model.unfreeze()
    trainable = {name.rsplit(".", 1)[-1] for name, _ in tree_flatten(model.trainable_parameters())}
    assert trainable == {"weight", "bias"}


def test_small_integers_may_come_in() -> None:
    model = dense()
    x = mx.array(np.random.default_rng(0).integers(0, 2, (T, BATCH, 5)).astype(np.uint8))
    assert mx.allclose(model.run(x)[0], model.run(x.astype(mx.float32))[0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.run(mx.zeros((T, BATCH, 6))), r"Layer 0 \(Linear\).*\(7, 3, 6\)"),
        (lambda m: m.run(mx.zeros((0, BATCH, 5))), r"at least one time step.*\(0, 3, 5\)"),
        (lambda m: m.run(np.zeros((T, BATCH, 5))), "MLX array.*ndarray"),
        (lambda m: m(mx.zeros((BATCH, 5)), None), "got None.*init_state"),
        (lambda m: m(mx.zeros((BATCH, 5)), [{}]), "each of 4 layers.*1 entries"),
        (
            lambda m: m(mx.zeros((BATCH, 5)), m.init_state(BATCH + 1, 5)),
            r"Layer 1 \(Leaky\), input of shape \(3, 8\).*\(4, 8\)",
        ),
        (lambda m: m.run(mx.zeros((T, 2, 5)), m.init_state(3, 5)), r"Layer 1 \(Leaky\)"),
        (lambda m: m.init_state(2, 7), r"Layer 0 \(Linear\).*\(7,\)"),
    ],
)
def test_errors_name_the_layer_and_the_shapes(call: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        call(dense())


def test_errors_inside_a_block_name_both_layers() -> None:
    model = Sequential(Leaky(), Residual(Leaky(), Linear(4, 4, key=KEYS[0])))
    with pytest.raises(DataError, match=r"Layer 1 \(Residual\).*Layer 1 \(Linear\)"):
        model.run(mx.zeros((T, BATCH, 5)))
    widening = Residual(Linear(5, 6, key=KEYS[0]))
    with pytest.raises(DataError, match=r"keeps the shape.*\(7, 3, 6\).*\(7, 3, 5\)"):
        widening.run(mx.zeros((T, BATCH, 5)))
    with pytest.raises(DataError, match=r"keys \['block'\].*list"):
        widening(mx.zeros((BATCH, 5)), [])


def test_a_layer_that_mixes_trials_is_refused() -> None:
    model = Sequential(lambda x: x.reshape(1, -1), Leaky())
    with pytest.raises(DataError, match=r"Layer 0 \(function\).*one row out for each of 21"):
        model.run(mx.zeros((T, BATCH, 5)))


def test_there_must_be_layers() -> None:
    with pytest.raises(ConfigurationError, match="at least one layer"):
        Sequential()
    with pytest.raises(ConfigurationError, match="layer 1 is 'leaky'"):
        Sequential(Leaky(), "leaky")  # type: ignore[arg-type]
