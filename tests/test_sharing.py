"""Loops shared among cores: every column once, errors passed on, no threads lost in a fork."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn import _sharing
from eegsnn._sharing import share


@given(st.integers(1, 300), st.sampled_from([1, 1 << 20]), st.sampled_from([1, 2, 16]))
def test_every_column_is_worked_on_once(n_columns: int, n_elements: int, together: int) -> None:
    visits, starts = np.zeros(n_columns, int), []

    def work(first: int, last: int) -> None:
        visits[first:last] += 1
        starts.append(first)

    share(work, n_columns, n_elements, together)
    assert (visits == 1).all()
    assert all(first % together == 0 for first in starts)


def test_an_error_in_any_thread_is_passed_on() -> None:
    def work(first: int, last: int) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        share(work, 64, 1 << 20)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sharing, "n_cores", lambda: 2)
    share(lambda first, last: None, 64, 1 << 20)  # the parent's threads are there
    child = os.fork()
    if child == 0:
        share(lambda first, last: None, 64, 1 << 20)
        os._exit(0)
    for _ in range(100):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.1)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the forked process waits for threads that it has not")
    assert status == 0
