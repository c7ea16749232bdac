"""Everything that the package names is there, and importing it loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

import eegsnn


@pytest.mark.parametrize("name", eegsnn.__all__)
def test_every_name_can_be_had(name: str) -> None:
    assert getattr(eegsnn, name) is not None


@pytest.mark.parametrize("room", ["functional", "layers", "monitoring", "neurons", "training"])
def test_rooms_can_be_used_by_name(room: str) -> None:
    assert getattr(eegsnn, room).__name__ == f"eegsnn.{room}"


def test_names_are_imported_when_they_are_used() -> None:
    code = (
        "import sys, eegsnn; print(sorted({'mlx', 'mne', 'numba', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="'Leeky'"):
        eegsnn.Leeky  # noqa: B018
