"""Write recorded cases: one safetensors file, every case a name and its arrays.

A file holds arrays named ``<case>/<array>`` and, as its one entry of metadata, ``recording``: JSON
with ``made_by``, ``versions`` and ``cases``, the settings of every case in order. (One entry,
because safetensors writes several in no fixed order.) Needs NumPy and safetensors only, so that it
runs beside any peer.
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

TESTS = Path(__file__).resolve().parents[2] / "tests"


class Recording:
    """Cases to be written to one file."""

    def __init__(self, made_by: str, *packages: str) -> None:
        versions = {name: importlib.metadata.version(name) for name in packages}
        self._about = {"made_by": made_by, "versions": versions}
        self._cases: list[dict[str, Any]] = []
        self._arrays: dict[str, np.ndarray] = {}

    def add(self, name: str, settings: dict[str, Any], arrays: dict[str, Any]) -> None:
        """Add a case; arrays are kept as float32 (integers as int32)."""
        if any(case["name"] == name for case in self._cases):
            raise ValueError(f"two cases are called {name}")
        self._cases.append({"name": name, **settings})
        for key, value in arrays.items():
            array = np.asarray(value)
            dtype = np.int32 if array.dtype.kind in "iu" else np.float32
            # safetensors takes the memory as it lies, whatever the strides are.
            self._arrays[f"{name}/{key}"] = np.ascontiguousarray(array, dtype).reshape(array.shape)

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        recording = json.dumps({**self._about, "cases": self._cases})
        save_file(self._arrays, path, {"recording": recording})
        path.chmod(0o644)
        print(f"{path.relative_to(TESTS.parent)}: {len(self._cases)} cases, ", end="")
        print(f"{path.stat().st_size / 1024:.0f} kB")
