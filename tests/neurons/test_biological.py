from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from eegsnn.errors import ConfigurationError
from eegsnn.neurons import IZHIKEVICH_PRESETS, AdEx, Izhikevich
from eegsnn.neurons.functional import adex_step, izhikevich_step


def intervals(neuron: Any, current: float, duration: float, dt: float) -> np.ndarray:
    """Times between spikes in ms under a constant current."""
    spikes, _ = neuron.run(mx.full((int(duration / dt), 1, 1), current))
    return np.diff(np.flatnonzero(np.array(spikes).ravel())) * dt


class TestIzhikevich:
    def test_one_step_takes_the_old_membrane_in_both_equations(self) -> None:
        spikes, mem, u = izhikevich_step(
            mx.array([5.0, 5.0]),
            mx.array([-60.0, 20.0]),
            mx.array([-12.0, -10.0]),
            **IZHIKEVICH_PRESETS["RS"],
            dt=0.5,
        )
        after = -60 + 0.5 * (0.04 * 3600 - 300 + 140 + 12 + 5)
        assert spikes.tolist() == [0, 1]
        np.testing.assert_allclose(mem, [after, -65.0], rtol=1e-6)
        recovery = [-12 + 0.5 * 0.02 * (0.2 * -60 + 12), -10 + 0.5 * 0.02 * (0.2 * 20 + 10) + 8]
        np.testing.assert_allclose(u, recovery, rtol=1e-6)

    def test_regular_spiking_is_tonic_and_slow(self) -> None:
        gaps = intervals(Izhikevich("RS", dt=0.5), 10.0, 500.0, 0.5)
        assert 8 <= len(gaps) <= 14
        assert gaps[0] < 0.7 * gaps[1]  # adapts at first
        assert np.ptp(gaps[1:]) <= 1.0

    def test_intrinsically_bursting_starts_with_a_burst(self) -> None:
        gaps = intervals(Izhikevich("IB", dt=0.5), 10.0, 500.0, 0.5)
        assert gaps[0] < 6
        assert (gaps[1:] > 25).all()

    def test_chattering_bursts_again_and_again(self) -> None:
        gaps = intervals(Izhikevich("CH", dt=0.5), 10.0, 500.0, 0.5)
        long = np.flatnonzero(gaps > 20)
        assert len(long) >= 5
        assert gaps[gaps < 20].max() < 8
        assert (np.diff(long) >= 3).all()  # several spikes in every burst

    def test_fast_spiking_is_fast_and_hardly_adapts(self) -> None:
        gaps = intervals(Izhikevich("FS", dt=0.5), 10.0, 500.0, 0.5)
        assert len(gaps) > 45
        assert np.ptp(gaps[3:]) <= 2.0
        assert gaps[-1] < 12

    @pytest.mark.parametrize("preset", IZHIKEVICH_PRESETS)
    def test_it_rests_without_a_current(self, preset: str) -> None:
        # CH starts right on its threshold, the upper root: a touch sends it down.
        touch = mx.concatenate([mx.full((1, 1, 1), -1.0), mx.zeros((299, 1, 1))])
        spikes, state = Izhikevich(preset).run(touch)
        assert spikes.sum().item() == 0
        # The lower root of 0.04 v² + 5 v + 140 = 0.2 v
        assert state["mem"].item() == pytest.approx(-70.0, abs=0.5)

    def test_it_starts_at_c_with_u_beside_it(self) -> None:
        state = Izhikevich("IB", b=[0.2, 0.25]).init_state(3, 2)
        np.testing.assert_allclose(state["mem"], np.full((3, 2), -55.0))
        np.testing.assert_allclose(state["u"], np.tile([-11.0, -13.75], (3, 1)))

    def test_values_take_the_place_of_the_presets(self) -> None:
        neuron = Izhikevich("FS", d=[1.0, 3.0], learn=("a", "d"))
        assert neuron.learned() == {"a", "d"}
        assert neuron.a.item() == pytest.approx(0.1)
        np.testing.assert_allclose(neuron.d, [1.0, 3.0])

    @pytest.mark.parametrize(
        ("name", "given"),
        [
            ("preset", {"preset": "rs"}),
            ("a", {"a": 0.0}),
            ("dt", {"dt": -1.0}),
            ("learn", {"learn": ("e",)}),
            ("learn", {"learn": "a"}),
            ("learn", {"learn": ("dt",)}),
            ("detach_reset", {"detach_reset": None}),
        ],
        ids=str,
    )
    def test_impossible_values_are_refused(self, name: str, given: dict[str, Any]) -> None:
        with pytest.raises(ConfigurationError, match=f"{name}: expected"):
            Izhikevich(**given)

    def test_enormous_currents_end_in_a_spike_and_a_reset(self) -> None:
        spikes, mem, u = izhikevich_step(
            mx.array([1e30, float("inf")]),
            mx.array([-60.0, -60.0]),
            mx.array([0.0, 0.0]),
            **IZHIKEVICH_PRESETS["RS"],
        )
        assert spikes.tolist() == [1, 1]
        assert mem.tolist() == [-65, -65]
        assert mx.isfinite(u).all().item()


class TestAdEx:
    def test_one_step_is_eulers(self) -> None:
        spikes, mem, w = adex_step(mx.array([500.0]), mx.array([-55.0]), mx.array([30.0]), dt=0.1)
        upstroke = 30 * 2 * np.exp((-55 + 50.4) / 2) - 30 * (-55 + 70.6)
        np.testing.assert_allclose(mem, [-55 + 0.1 * (upstroke + 500 - 30) / 281], rtol=1e-6)
        np.testing.assert_allclose(w, [30 + 0.1 * (4 * (-55 + 70.6) - 30) / 144], rtol=1e-6)
        assert spikes.tolist() == [0]

    def test_a_spike_resets_and_adapts(self) -> None:
        spikes, mem, w = adex_step(mx.array([0.0]), mx.array([-30.0]), mx.array([0.0]), dt=0.1)
        assert spikes.tolist() == [1]
        np.testing.assert_allclose(mem, [-70.6], rtol=1e-6)
        assert w.item() == pytest.approx(80.5 + 0.1 * 4 * 40.6 / 144, rel=1e-6)

    @pytest.mark.parametrize("dt", [0.2, 1.0])
    def test_intervals_grow_under_a_constant_current(self, dt: float) -> None:
        gaps = intervals(AdEx(dt=dt), 800.0, 300.0, dt)
        assert 4 <= len(gaps) <= 6
        assert gaps[-1] > 2 * gaps[0]
        assert (np.diff(gaps) >= 0).all()

    def test_without_adaptation_it_is_regular(self) -> None:
        gaps = intervals(AdEx(a=0.0, b=0.0, dt=0.2), 800.0, 150.0, 0.2)
        assert len(gaps) > 4
        assert np.ptp(gaps) <= 0.41

    def test_it_rests_without_a_current(self) -> None:
        neuron = AdEx()
        spikes, state = neuron.run(mx.zeros((500, 1, 1)))
        assert spikes.sum().item() == 0
        assert state["mem"].item() == pytest.approx(-70.6, abs=0.1)

    @pytest.mark.parametrize("dtype", [mx.float32, mx.float16])
    def test_the_exponential_does_not_overflow(self, dtype: mx.Dtype) -> None:
        def membrane(mem: mx.array) -> mx.array:
            return adex_step(mx.zeros((1,), dtype), mem, mx.zeros((1,), dtype))[1].sum()

        for start in (-50.0, 19.0, 1e4):
            value, gradient = mx.value_and_grad(membrane)(mx.array([start], dtype))
            assert mx.isfinite(value).item()
            assert mx.isfinite(gradient).all().item()


@pytest.mark.parametrize("kind", [Izhikevich, AdEx])
def test_there_is_no_other_reset(kind: Any) -> None:
    for name, value in (("reset_mechanism", "zero"), ("reset_delay", False)):
        with pytest.raises(TypeError, match=name):
            kind(**{name: value})
        assert name not in kind().firing


@pytest.mark.parametrize("kind", [Izhikevich, AdEx])
def test_the_reset_is_detached_unless_asked(kind: Any) -> None:
    def gradient(detach_reset: bool) -> float:
        neuron = kind(detach_reset=detach_reset)
        state = neuron.init_state(1, 1)
        state["mem"] = mx.full((1, 1), 15.0)  # passes the peak in this step

        def membrane(x: mx.array) -> mx.array:
            spikes, after = neuron(x, state)
            assert spikes.item() == 1
            return after["mem"].sum()

        return mx.grad(membrane)(mx.full((1, 1), 1.0)).item()

    assert gradient(True) == 0
    assert gradient(False) < 0  # a surer spike, a lower membrane
