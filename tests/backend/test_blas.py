from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.backend import BlasState, blas, blas_state, threads_for, use_fast_blas

SIZES = st.integers(1, 70)


@pytest.fixture
def unknown_state(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As at the start of a process, short of the slots themselves; put back afterwards."""
    use_fast_blas()
    monkeypatch.setattr(blas, "_state", None)
    return monkeypatch


@pytest.fixture
def slots() -> dict[str, int]:
    """The linkage slots of this process; skips where MLX needs no other product."""
    if not use_fast_blas().fast:
        pytest.skip(f"nothing is redirected here: {blas_state().detail}")
    return blas._routine_slots(blas._process_mappings(), blas._JUMP_SLOT[os.uname().machine])


@pytest.fixture
def openblas(slots: dict[str, int]) -> Iterator[ctypes.CDLL]:
    """SciPy's library, where it is in use, with two threads."""
    library = blas._scipy_library()
    original = library.scipy_openblas_get_num_threads()
    library.scipy_openblas_set_num_threads(2)
    yield library
    library.scipy_openblas_set_num_threads(original)


@settings(deadline=None, max_examples=60)
@given(SIZES, SIZES, SIZES, st.integers(0, 3), st.integers(0, 2**31))
def test_product_equals_numpy(rows: int, inner: int, columns: int, swaps: int, seed: int) -> None:
    use_fast_blas()
    generator = np.random.default_rng(seed)
    left = generator.normal(size=(inner, rows) if swaps & 1 else (rows, inner)).astype(np.float32)
    right = generator.normal(size=(columns, inner) if swaps & 2 else (inner, columns))
    right = right.astype(np.float32)
    a, b = mx.array(left), mx.array(right)
    got = (a.T if swaps & 1 else a) @ (b.T if swaps & 2 else b)
    expected = (left.T if swaps & 1 else left) @ (right.T if swaps & 2 else right)
    # Rounding of a sum of `inner` terms of size ~1, in another order.
    np.testing.assert_allclose(np.array(got), expected, rtol=1e-5, atol=1e-5)


def test_product_with_a_bias_over_time_and_batch_equals_numpy(rng: np.random.Generator) -> None:
    use_fast_blas()
    x = rng.normal(size=(25, 32, 17)).astype(np.float32)
    weight, bias = rng.normal(size=(9, 17)).astype(np.float32), np.ones(9, dtype=np.float32)
    got = mx.addmm(mx.array(bias), mx.array(x), mx.array(weight).T)
    np.testing.assert_allclose(np.array(got), x @ weight.T + bias, rtol=1e-5, atol=1e-5)


def test_state_is_found_once_and_said_in_one_line() -> None:
    state = use_fast_blas()
    assert isinstance(state, BlasState)
    assert blas_state() is state
    assert "\n" not in state.detail
    assert ("OpenBLAS" in state.detail) == state.fast


@pytest.mark.parametrize("value", ["0", "off", "false"])
def test_environment_turns_it_off(value: str, unknown_state: pytest.MonkeyPatch) -> None:
    unknown_state.setenv("EEGSNN_FAST_BLAS", value)
    unknown_state.setattr(blas, "_write_pointer", _fail_if_called)
    state = use_fast_blas()
    assert not state.fast
    assert "EEGSNN_FAST_BLAS" in state.detail


def test_a_process_with_it_off_computes_the_same(run_python: Callable[..., str]) -> None:
    code = (
        "import mlx.core as mx\n"
        "from eegsnn.backend import use_fast_blas\n"
        "state = use_fast_blas()\n"
        "a = mx.arange(6.0).reshape(2, 3)\n"
        "print(state.fast, (a @ a.T).tolist())"
    )
    expected = "[[5.0, 14.0], [14.0, 50.0]]"
    assert run_python(code, EEGSNN_FAST_BLAS="0") == f"False {expected}"


def test_elsewhere_than_linux_nothing_is_done(unknown_state: pytest.MonkeyPatch) -> None:
    unknown_state.setattr(sys, "platform", "darwin")
    unknown_state.setattr(blas, "_process_mappings", _fail_if_called)
    state = use_fast_blas()
    assert not state.fast
    assert "darwin" in state.detail


def test_without_slots_nothing_is_done(unknown_state: pytest.MonkeyPatch) -> None:
    unknown_state.setattr(blas, "_routine_slots", lambda *_: {})
    unknown_state.setattr(blas, "_write_pointer", _fail_if_called)
    assert not use_fast_blas().fast


@pytest.mark.parametrize("error", [LookupError("no such routine"), OSError("gone")])
def test_without_a_replacement_nothing_is_written(
    error: Exception, slots: dict[str, int], unknown_state: pytest.MonkeyPatch
) -> None:
    def fail(_: dict[str, int]) -> dict[str, int]:
        raise error

    unknown_state.setattr(blas, "_scipy_routines", fail)
    unknown_state.setattr(blas, "_write_pointer", _fail_if_called)
    state = use_fast_blas()
    assert not state.fast
    assert str(error) in state.detail


@pytest.mark.parametrize("comparison", ["differs", "fails"])
def test_a_wrong_product_puts_mlx_back(
    comparison: str, slots: dict[str, int], unknown_state: pytest.MonkeyPatch
) -> None:
    before = {name: blas._read_pointer(address) for name, address in slots.items()}
    # The foreign routines are never called: the comparison is replaced too.
    unknown_state.setattr(blas, "_scipy_routines", lambda names: dict.fromkeys(names, 0xDEAD))
    seen = {}

    def compare() -> bool:
        seen.update({name: blas._read_pointer(address) for name, address in slots.items()})
        if comparison == "fails":
            raise MemoryError("no room")
        return False

    unknown_state.setattr(blas, "_products_agree", compare)
    state = use_fast_blas()
    assert set(seen.values()) == {0xDEAD}
    assert not state.fast
    assert {name: blas._read_pointer(address) for name, address in slots.items()} == before


def test_comparison_notices_another_product(monkeypatch: pytest.MonkeyPatch) -> None:
    assert blas._products_agree()
    monkeypatch.setattr(np, "allclose", lambda *_, **__: False)
    assert not blas._products_agree()


def test_small_blocks_use_one_thread_and_put_the_number_back(openblas: ctypes.CDLL) -> None:
    with threads_for(1e3):
        assert openblas.scipy_openblas_get_num_threads() == 1
    assert openblas.scipy_openblas_get_num_threads() == 2
    with threads_for(1e12):
        assert openblas.scipy_openblas_get_num_threads() == 2


def test_number_of_threads_comes_back_after_an_error(openblas: ctypes.CDLL) -> None:
    with pytest.raises(KeyboardInterrupt), threads_for(1e3):
        raise KeyboardInterrupt
    assert openblas.scipy_openblas_get_num_threads() == 2


def test_overlapping_blocks_of_several_threads_put_the_number_back(
    openblas: ctypes.CDLL,
) -> None:
    first_inside, second_inside = threading.Event(), threading.Event()

    def first() -> None:
        with threads_for(1e3):
            first_inside.set()
            second_inside.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    first_inside.wait(10)
    with threads_for(1e3):
        second_inside.set()
        thread.join(10)  # the first block ends inside the second
        assert openblas.scipy_openblas_get_num_threads() == 1
    assert openblas.scipy_openblas_get_num_threads() == 2


def test_blocks_do_nothing_where_the_product_is_mlx_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "_state", BlasState(False, "MLX's own product"))
    monkeypatch.setattr(blas, "_scipy_library", _fail_if_called)
    with threads_for(1.0):
        pass


def _fail_if_called(*_: object) -> None:
    raise AssertionError("this should not have been called")
