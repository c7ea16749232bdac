"""What passes between the environments: graphs as NIR files, inputs and outputs as NumPy files.

Imported in every environment, so that it needs NumPy alone. Arrays are [T, batch, …] with channels
first, as NIR has them.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np

DT = 1e-4
N_STEPS, BATCH, N = 40, 3, 6


def currents(*shape: int, seed: int = 0, scale: float = 1.0, offset: float = 0.2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (offset + scale * rng.standard_normal((N_STEPS, BATCH, *shape))).astype(np.float32)


def case_name(kinds: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in kinds)


def save(folder: Path, kinds: str, x: np.ndarray, y: np.ndarray | None, dt: float) -> Path:
    """Arrays of a case beside its NIR file, whose path is returned."""
    stem = folder / case_name(kinds)
    arrays = {"x": x} if y is None else {"x": x, "y": np.asarray(y, np.float32)}
    np.savez(stem.with_suffix(".npz"), **arrays)
    told = json.dumps({"kinds": kinds, "dt": dt})
    stem.with_suffix(".json").write_text(told, encoding="utf-8")
    return stem.with_suffix(".nir")


def serve(
    write: Callable[[Path], None], read: Callable[[Path, np.ndarray, float], np.ndarray]
) -> None:
    """``python peer.py write FOLDER`` or ``read FOLDER``: each case alone, errors kept as text."""
    action, folder = sys.argv[1], Path(sys.argv[2])
    if action == "write":
        write(folder)
        return
    for described in sorted(folder.glob("*.json")):
        case = json.loads(described.read_text(encoding="utf-8"))
        x = np.load(described.with_suffix(".npz"))["x"]
        result = Path(sys.argv[3]) / described.stem
        try:
            y = read(described.with_suffix(".nir"), x, case["dt"])
            np.save(result.with_suffix(".npy"), np.asarray(y, np.float32))
        except BaseException as error:
            told = traceback.format_exception_only(type(error), error)[-1].strip()
            result.with_suffix(".txt").write_text(told.splitlines()[0], encoding="utf-8")


def attempt(folder: Path, kinds: str, make: Callable[[], tuple]) -> None:
    """Write a case; where a library cannot even export it, its words."""
    try:
        graph, x, y, dt = make()
        import nir

        nir.write(str(save(folder, kinds, x, y, dt)), graph)
    except BaseException as error:
        told = traceback.format_exception_only(type(error), error)[-1].strip()
        (folder / f"{case_name(kinds)}.txt").write_text(f"{kinds}\n{told}", encoding="utf-8")
