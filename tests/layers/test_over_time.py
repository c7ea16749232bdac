"""Dropout and batch normalisation for sequences."""

from __future__ import annotations

import math

import mlx.core as mx
import numpy as np
import pytest

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.layers import BNTT, Dropout, TdBN

KEY = mx.random.key(5)


def draw(rng: np.random.Generator, *shape: int) -> mx.array:
    return mx.array(rng.normal(1.0, 3.0, shape).astype(np.float32))


def test_dropout_silences_the_same_units_at_every_step() -> None:
    out = np.asarray(Dropout(0.4)(mx.ones((7, 5, 40, 10)), key=KEY))
    assert (out == out[0]).all()
    assert set(np.unique(out[0])) == {0.0, np.float32(1 / 0.6)}
    assert (out[0] == 0).mean() == pytest.approx(0.4, abs=0.04)
    assert (out[0, 0] != out[0, 1]).any()  # trials differ


def test_dropout_needs_a_key_and_a_rate() -> None:
    x = mx.ones((2, 3, 4))
    assert mx.array_equal(Dropout(0.5)(x), x)
    assert mx.array_equal(Dropout(0.0)(x, key=KEY), x)
    with pytest.raises(ConfigurationError, match="key"):
        Dropout(0.5)(x, key=7)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"rate.*1"):
        Dropout(1.0)


def test_dropout_of_single_steps_is_that_of_the_sequence() -> None:
    x = mx.ones((3, 2, 8))
    dropout = Dropout(0.5)
    whole = dropout(x, key=KEY)
    assert mx.array_equal(mx.stack([dropout.step(part, key=KEY) for part in x]), whole)


def test_tdbn_is_its_formula(rng: np.random.Generator) -> None:
    layer = TdBN(3, threshold=0.5, alpha=1 / math.sqrt(2))
    layer.weight, layer.bias = mx.array([1.0, 2.0, 3.0]), mx.array([0.1, 0.2, 0.3])
    x = np.asarray(draw(rng, 6, 4, 5, 3))
    mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    normal = 0.5 / math.sqrt(2) * (x - mean) / np.sqrt(variance + 1e-5)
    wanted = np.asarray(layer.weight) * normal + np.asarray(layer.bias)
    np.testing.assert_allclose(np.asarray(layer(mx.array(x))), wanted, rtol=1e-4, atol=1e-5)


def test_bntt_is_its_formula(rng: np.random.Generator) -> None:
    layer = BNTT(3, 6)
    layer.weight = draw(rng, 6, 3)
    x = np.asarray(draw(rng, 6, 4, 5, 3))
    mean = x.mean(axis=(1, 2), keepdims=True)
    deviation = np.sqrt(x.var(axis=(1, 2), keepdims=True) + 1e-5)
    wanted = np.asarray(layer.weight)[:, None, None] * (x - mean) / deviation
    np.testing.assert_allclose(np.asarray(layer.run(mx.array(x))[0]), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_bntt_step_by_step_is_the_sequence(training: bool, rng: np.random.Generator) -> None:
    x = draw(rng, 6, 4, 3)
    whole, parts = BNTT(3, 8).train(training), BNTT(3, 8).train(training)
    for layer in (whole, parts):
        layer.weight = mx.arange(24, dtype=mx.float32).reshape(8, 3)
    wanted, last = whole.run(x)
    state, outputs = parts.init_state(4, 3), []
    for part in x:
        out, state = parts(part, state)
        outputs.append(out)
    np.testing.assert_allclose(np.asarray(mx.stack(outputs)), np.asarray(wanted), rtol=1e-6)
    assert state["step"].item() == last["step"].item() == 6
    for name in ("running_mean", "running_var"):
        np.testing.assert_allclose(np.asarray(parts[name]), np.asarray(whole[name]), rtol=1e-6)
    assert mx.array_equal(whole.running_mean[6:], mx.zeros((2, 3)))  # steps that never came


@pytest.mark.parametrize("kind", ["tdbn", "bntt"])
def test_running_statistics_approach_those_of_the_data(kind: str, rng: np.random.Generator) -> None:
    layer = TdBN(2) if kind == "tdbn" else BNTT(2, 4)
    run = layer if kind == "tdbn" else lambda x: layer.run(x)[0]
    for _ in range(80):
        run(draw(rng, 4, 64, 2))
    np.testing.assert_allclose(np.asarray(layer.running_mean), 1.0, atol=0.4)
    np.testing.assert_allclose(np.asarray(layer.running_var), 9.0, rtol=0.3)
    layer.eval()
    kept = np.array(layer.running_mean)
    out = np.asarray(run(draw(rng, 4, 500, 2)))
    assert out.mean() == pytest.approx(0, abs=0.15)
    assert out.std() == pytest.approx(1, rel=0.1)
    np.testing.assert_array_equal(np.asarray(layer.running_mean), kept)


@pytest.mark.parametrize("layer", [TdBN(2), BNTT(2, 4)], ids=["tdbn", "bntt"])
def test_statistics_are_saved_but_never_trained(layer: TdBN | BNTT) -> None:
    layer.unfreeze()
    assert {"running_mean", "running_var"} <= set(layer.parameters())
    assert not {"running_mean", "running_var"} & set(layer.trainable_parameters())


def test_bad_input_is_named() -> None:
    with pytest.raises(DataError, match=r"3 features.*\(4, 2, 5\)"):
        TdBN(3)(mx.zeros((4, 2, 5)))
    with pytest.raises(DataError, match=r"\[T, batch, …\].*\(4,\)"):
        TdBN(3)(mx.zeros(4))
    with pytest.raises(DataError, match=r"at least two values.*\(1, 1, 3\)"):
        TdBN(3)(mx.zeros((1, 1, 3)))
    with pytest.raises(DataError, match=r"all time steps at once.*eval"):
        TdBN(3).step(mx.zeros((4, 3)))
    with pytest.raises(DataError, match=r"n_steps = 5.*6"):
        BNTT(3, 5).run(mx.zeros((6, 2, 3)))
    with pytest.raises(DataError, match=r"'step'.*mem"):
        BNTT(3, 5)(mx.zeros((2, 3)), {"mem": mx.zeros((2, 3))})
    with pytest.raises(ConfigurationError, match="momentum"):
        TdBN(3, momentum=0)
