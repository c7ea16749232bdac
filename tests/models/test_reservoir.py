"""The liquid state machine: kernel against plain loop, chunks, calibration, known dynamics."""

import json

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError, DataError, SilentNetworkWarning
from eegsnn.models import LiquidStateMachine, ReservoirConfig
from eegsnn.models.reservoir_dynamics import reference_response, response, step
from eegsnn.neurons.functional import izhikevich_step, leaky_step

KINDS = {
    "leaky": {},
    "izhikevich": {"neuron": "izhikevich", "target_rate": 0.05},
    "plastic": {"short_term_plasticity": True},
    "random": {"topology": "random", "scaling": "branching_factor", "delays": (1, 6)},
    "all": {"neuron": "izhikevich", "short_term_plasticity": True, "delays": (2, 4)},
}
SPARSE = 0.3  # part of the inputs that are not zero


def make_inputs(rng, n_steps=40, batch=3, features=5):
    x = rng.normal(size=(n_steps, batch, features))
    return x * (rng.random(x.shape) < SPARSE)


def make_liquid(x, seed=0, **config):
    settings = ReservoirConfig(**{"n_units": 50, "target_rate": 0.1} | config)
    liquid = LiquidStateMachine(settings, x.shape[2], seed=seed)
    liquid.calibrate(x)
    return liquid


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_the_kernel_equals_the_plain_loop_to_the_last_bit(kind, rng):
    x = make_inputs(rng)
    liquid = make_liquid(x, **KINDS[kind])
    at = np.array([0, 7, 39])
    begin = liquid.init_state(3)
    plain = reference_response(liquid.reservoir, x, begin, at)
    fast = response(liquid.reservoir, x, begin, at)
    assert 0.01 < plain.spikes.mean() < 0.5
    assert np.array_equal(plain.spikes, fast.spikes)
    assert np.array_equal(plain.samples, fast.samples)
    assert same(plain.state, fast.state)
    assert same(begin, liquid.init_state(3))  # states that were passed are left alone


def test_without_kernels_the_plain_loop_serves(rng, monkeypatch):
    x = make_inputs(rng)
    liquid = make_liquid(x)
    fast = liquid.liquid_states(x, [3, 20])
    monkeypatch.setattr("eegsnn.models.reservoir_dynamics.kernels_available", lambda: False)
    plain = liquid.liquid_states(x, [3, 20])
    assert np.array_equal(fast[0], plain[0])
    assert same(fast[1], plain[1])


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(1, 39), max_size=5, unique=True), kind=st.sampled_from([*KINDS]))
def test_chunks_give_what_the_whole_gives(cuts, kind):
    x = make_inputs(np.random.default_rng(1))
    liquid = LiquidStateMachine(ReservoirConfig(n_units=40, **KINDS[kind]), 5, seed=3)
    spikes, last = liquid.run(x)
    states, _ = liquid.liquid_states(x, range(40))
    found, filtered, state = [], [], None
    for chunk in np.split(x, sorted(cuts)):
        filtered.append(liquid.liquid_states(chunk, range(len(chunk)), state)[0])
        part, state = liquid.run(chunk, state)
        found.append(part)
    assert np.array_equal(np.concatenate(found), spikes)
    assert np.array_equal(np.concatenate(filtered), states)
    assert same(state, last)


def test_a_trial_does_not_depend_on_those_beside_it(rng):
    x = make_inputs(rng, batch=40)
    liquid = make_liquid(x)
    spikes, _ = liquid.run(x)
    assert np.array_equal(liquid.run(x[:, 7:8])[0][:, 0], spikes[:, 7])


def test_seeds_decide_everything(rng):
    x = make_inputs(rng)
    first, second, other = (make_liquid(x, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.run(x)[0], second.run(x)[0])
    assert not np.array_equal(first.run(x)[0], other.run(x)[0])


def test_liquid_states_are_filtered_spikes(rng):
    x = make_inputs(rng)
    liquid = make_liquid(x, time_constant=4.0)
    spikes, _ = liquid.run(x)
    trace = np.zeros(spikes.shape[1:])
    expected = []
    for now in spikes:
        trace = trace * np.exp(-1 / 4.0) + now
        expected.append(trace)
    np.testing.assert_allclose(
        liquid.liquid_states(x, [0, 11, 39])[0], np.take(expected, [0, 11, 39], 0)
    )
    np.testing.assert_allclose(liquid.liquid_states(x)[0], expected[-1:])


def unconnected(neuron, rng, **config):
    x = 4 * rng.normal(size=(60, 2, 3))
    liquid = LiquidStateMachine(ReservoirConfig(20, neuron=neuron, strength=0, **config), 3, seed=1)
    starts, targets, weights, _ = liquid.reservoir.inputs
    dense = np.zeros((3, 20))
    dense[np.repeat(np.arange(3), np.diff(starts)), targets] = weights
    return liquid, x, mx.array(x @ dense)


def test_unconnected_leaky_units_are_those_of_the_neurons_room(rng):
    liquid, x, current = unconnected("leaky", rng)
    spikes, _ = liquid.run(x)
    mem, beta = mx.zeros((2, 20)), mx.array(liquid.reservoir.constants[0])
    for t in range(60):
        fired, mem = leaky_step(current[t], mem, beta=beta)
        assert np.array_equal(np.array(fired) > 0, spikes[t])
    assert spikes.mean() > 0.1


def test_unconnected_izhikevich_units_are_those_of_the_neurons_room(rng):
    liquid, _, current = unconnected("izhikevich", rng, dt=0.5)
    current = mx.abs(current) * 0.2  # the floor of the membrane is not reached
    a, b, c, d = (mx.array(row) for row in liquid.reservoir.constants)
    state, nothing, total = liquid.init_state(2), np.zeros((2, 3)), 0
    for now in current:
        mem, u = mx.array(state.mem), mx.array(state.recovery)
        fired, mem, u = izhikevich_step(now, mem, u, a=a, b=b, c=c, d=d, dt=0.5)
        pending = state.pending.copy()
        pending[0] = np.array(now)
        spikes, state = step(liquid.reservoir, nothing, state._replace(pending=pending))
        assert np.array_equal(np.array(fired) > 0, spikes)
        np.testing.assert_allclose(np.array(mem), state.mem, rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(np.array(u), state.recovery, rtol=1e-5)
        total += spikes.sum()
    assert total > 50


def test_strong_inhibition_does_not_excite_izhikevich_units():
    liquid = LiquidStateMachine(ReservoirConfig(4, neuron="izhikevich", strength=0), 1, seed=0)
    weights = np.full(len(liquid.reservoir.inputs.weights), -1.0)
    liquid.reservoir = liquid.reservoir.with_input(weights, np.zeros(4))
    spikes, state = liquid.run(np.full((50, 1, 1), 500.0))
    assert not spikes.any()
    assert state.mem.min() >= -90


def pair(weight, delay, **config):
    """Two units, the first of which excites the second; only the first has input."""
    liquid = LiquidStateMachine(
        ReservoirConfig(2, strength=0, excitatory=1.0, beta=0.5, **config), 1, seed=0
    )
    recurrent = liquid.reservoir.recurrent._replace(
        starts=np.array([0, 1, 1]),
        targets=np.array([1]),
        weights=np.array([weight]),
        delays=np.array([delay]),
    )
    object.__setattr__(liquid.reservoir, "recurrent", recurrent)
    own = liquid.reservoir.inputs.targets == 0
    liquid.reservoir = liquid.reservoir.with_input(np.where(own, 1.0, 0.0), np.zeros(2))
    return liquid


@pytest.mark.parametrize("delay", [1, 2, 5])
def test_a_spike_arrives_after_its_delay(delay):
    x = np.zeros((12, 1, 1))
    x[3] = 1.5
    spikes, _ = pair(1.25, delay).run(x)
    assert np.argwhere(spikes[:, 0]).tolist() == [[3, 0], [3 + delay, 1]]


def test_short_term_plasticity_follows_markram_and_tsodyks():
    liquid = pair(0.01, 1, short_term_plasticity=True)
    use, recovering, facilitating = (row[0, 0] for row in liquid.reservoir.plasticity)
    x = np.zeros((40, 1, 1))
    times = [2, 5, 6, 20, 31]
    x[times] = 1.5
    arrived, state = [], None
    for now in x:
        arrived.append(0.0 if state is None else state.pending[0, 0, 1])
        _, state = liquid.run(now[None], state)
    u, r = use, 1.0
    for number, time in enumerate(times):
        if number:
            gap = time - times[number - 1]
            r = 1 + (r - u * r - 1) * recovering**gap
            u = use + u * (1 - use) * facilitating**gap
        assert arrived[time + 1] == pytest.approx(0.01 * u * r / use, rel=1e-12)
    assert np.count_nonzero(arrived) == len(times)


def test_the_branching_factor_is_the_number_of_descendants(rng):
    """Integrators with evenly spread membranes: one spike brings about as many as the factor."""
    config = ReservoirConfig(
        300, excitatory=1.0, beta=1.0, delays=(1, 1), scaling="branching_factor", strength=0.8
    )
    liquid = LiquidStateMachine(config, 1, seed=0)
    state = liquid.init_state(300)
    mem = rng.random((300, 300))
    np.fill_diagonal(mem, 1.5)  # in trial i, unit i is above threshold: a spike once, then reset
    begin = state._replace(mem=mem - np.eye(300))
    kick = begin.pending.copy()
    kick[0] = np.eye(300)
    spikes, _ = liquid.run(np.zeros((2, 300, 1)), begin._replace(pending=kick))
    assert (spikes[0] == np.eye(300, dtype=bool)).all()
    connected = np.diff(liquid.reservoir.recurrent.starts) > 0
    descendants = spikes[1].sum(axis=1)[connected]
    assert descendants.mean() == pytest.approx(0.8, abs=4 * 0.9 / np.sqrt(300))


@pytest.mark.parametrize("kind", ["leaky", "izhikevich", "random"])
def test_calibrated_units_fire_at_the_target(kind, rng):
    x = rng.normal(size=(60, 16, 5))
    liquid = make_liquid(x, **KINDS[kind])
    rates = liquid.run(x)[0].mean(axis=(0, 1))
    target = liquid.config.target_rate
    assert np.median(rates) == pytest.approx(target, rel=0.25)
    assert (rates > 0.2 * target).mean() > 0.9


@pytest.mark.parametrize(("unit", "offset"), [(2.0**-20, 0.0), (2.0**10, 0.0), (1.0, 64.0)])
def test_the_unit_and_the_offset_of_the_input_do_not_matter(unit, offset, rng):
    x = np.round(64 * rng.normal(size=(30, 8, 4))) / 64  # so that both can be undone exactly
    plain = make_liquid(x).run(x)[0]
    moved = unit * x + offset
    agree = (make_liquid(moved).run(moved)[0] == plain).mean()
    assert agree == 1.0 if offset == 0 else agree > 0.97


def test_a_constant_feature_does_nothing(rng):
    x = rng.normal(size=(30, 4, 3))
    x[..., 1] = 7.0
    liquid = make_liquid(x)
    other = x.copy()
    other[..., 1] = -1e9
    assert np.array_equal(liquid.run(x)[0], liquid.run(other)[0])


def test_a_reservoir_that_keeps_itself_going_warns(rng):
    x = rng.normal(size=(60, 4, 3))
    with pytest.warns(SilentNetworkWarning, match="lower strength"):
        make_liquid(x, n_units=100, excitatory=1.0, strength=4.0)


def test_it_can_be_kept_and_made_again(rng):
    x = make_inputs(rng)
    liquid = make_liquid(x, short_term_plasticity=True, grid=(5, 5, 2))
    config, arrays = liquid.get_state()
    again = LiquidStateMachine.from_state(json.loads(json.dumps(config)), arrays)
    assert again.config == liquid.config
    assert np.array_equal(again.run(x)[0], liquid.run(x)[0])


IMPOSSIBLE = {
    "n_units": 0,
    "excitatory": 0.0,
    "topology": "small_world",
    "grid": (3, 3, 3),
    "length": -1.0,
    "density": 1.5,
    "scaling": "norm",
    "strength": -0.1,
    "delays": (0, 3),
    "neuron": "lif",
    "beta": 1.5,
    "dt": 0.0,
    "short_term_plasticity": "yes",
    "input_density": 0.0,
    "target_rate": 1.0,
    "time_constant": 0.0,
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_impossible_parameters_are_named(name):
    with pytest.raises(ConfigurationError, match=f"^{name}"):
        ReservoirConfig(**{name: IMPOSSIBLE[name]})


@pytest.mark.parametrize("delays", [(3, 1), 2, (1, 2, 3)])
def test_impossible_ranges_of_delays(delays):
    with pytest.raises(ConfigurationError, match="delays"):
        ReservoirConfig(delays=delays)


def test_impossible_inputs_are_named(rng):
    x = make_inputs(rng)
    liquid = make_liquid(x)
    with pytest.raises(DataError, match=r"x: expected an array \[T, batch, 5\]"):
        liquid.run(x[..., :4])
    with pytest.raises(DataError, match="at least one step"):
        liquid.run(x[:0])
    broken = x.copy()
    broken[4, 1, 2] = np.nan
    with pytest.raises(DataError, match="step 4, trial 1, feature 2"):
        liquid.run(broken)
    with pytest.raises(DataError, match="every feature is constant"):
        liquid.calibrate(np.ones((10, 2, 5)))
    with pytest.raises(DataError, match="state: expected mem of shape"):
        liquid.run(x, liquid.init_state(2))
    for times in ([3, 2], [40], [-1], [0.5]):
        with pytest.raises(ConfigurationError, match="times: expected ascending steps"):
            liquid.liquid_states(x, times)
    with pytest.raises(ConfigurationError, match="seed"):
        LiquidStateMachine(ReservoirConfig(), 3, seed=-1)
