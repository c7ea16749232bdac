import threading

import numpy  # noqa: F401
import pytest
import scipy.linalg  # noqa: F401
from threadpoolctl import ThreadpoolController

from eegsnn.backend import one_blas_thread


@pytest.fixture
def libraries():
    found = ThreadpoolController().select(user_api="blas")
    if not found.info():
        pytest.skip("no BLAS whose threads can be told")
    with found.limit(limits=2):
        yield found


def threads(libraries):
    return {library["num_threads"] for library in libraries.info()}


def test_every_library_has_one_thread_inside_and_its_own_number_after(libraries):
    before = threads(libraries)
    with one_blas_thread():
        assert threads(libraries) == {1}
        with one_blas_thread():
            assert threads(libraries) == {1}
        assert threads(libraries) == {1}
    assert threads(libraries) == before
    with pytest.raises(KeyboardInterrupt), one_blas_thread():
        raise KeyboardInterrupt
    assert threads(libraries) == before


def test_it_holds_for_threads_that_are_started_inside(libraries):
    seen = []
    with one_blas_thread():
        thread = threading.Thread(target=lambda: seen.append(threads(libraries)))
        thread.start()
        thread.join(10)
    assert seen == [{1}]
