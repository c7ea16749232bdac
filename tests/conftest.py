"""Shared fixtures: small signals with known answers, and the folder of real recordings, if any."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of local copies of real data sets; skips, and says why, where there is none."""
    value = os.environ.get("EEGSNN_DATA", "")
    if not value:
        pytest.skip("real recordings: EEGSNN_DATA names no folder of local copies")
    folder = Path(value)
    if not folder.is_dir():
        pytest.skip(f"real recordings: EEGSNN_DATA names {value!r}, which is not a folder")
    return folder.resolve()


@pytest.fixture
def rng() -> np.random.Generator:
    """A fresh generator with a fixed seed, one per test."""
    return np.random.default_rng(20240607)
