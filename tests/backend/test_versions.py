from __future__ import annotations

import platform

import pytest

from eegsnn import __version__
from eegsnn.backend import blas_state, describe, versions


def test_names_everything_a_result_depends_on() -> None:
    found = describe()
    assert found["eegsnn"] == __version__
    assert found["python"] == platform.python_version()
    assert found["matrix product"] == blas_state().detail
    assert {"platform", "device", "mlx", "numpy", "scipy", "scikit-learn", "mne", "nir"} <= set(
        found
    )
    assert all(isinstance(value, str) and value for value in found.values())


def test_says_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "_PACKAGES", ("no-such-package",))
    assert describe()["no-such-package"] == "not installed"
