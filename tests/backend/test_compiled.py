"""Whether kernels serve, and that nothing but time depends on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eegsnn.backend import kernels_available, kernels_state

if not kernels_available():
    pytest.skip("no compiled kernels here", allow_module_level=True)


def test_the_state_names_the_compiler() -> None:
    assert kernels_state().startswith("Numba ")


def test_kernels_can_be_turned_off_and_change_nothing(run_python: Callable[..., str]) -> None:
    code = (
        "import mlx.core as mx\n"
        "from eegsnn.backend import kernels_state\n"
        "from eegsnn.neurons import Leaky\n"
        "x = mx.random.normal((20, 3, 8), key=mx.random.key(1)) + 0.3\n"
        "spikes, state = Leaky(0.9).run(x)\n"
        "print(kernels_state()[:3], spikes.sum().item(), round(state['mem'].sum().item(), 4))"
    )
    with_kernels = run_python(code).split()
    without = run_python(code, EEGSNN_FAST_KERNELS="0").split()
    assert (with_kernels[0], without[0]) == ("Num", "off")
    assert with_kernels[1:] == without[1:]


def test_numba_is_not_loaded_before_it_is_needed(run_python: Callable[..., str]) -> None:
    rooms = "eegsnn, eegsnn.neurons, eegsnn.models, eegsnn.encoding, eegsnn.measures"
    code = f"import sys, {rooms}; print('numba' in sys.modules)"
    assert run_python(code) == "False"
