"""Between NIR's equations in continuous time and steps: Euler's method, exactly, both ways.

NIR writes ``τ·dv/dt = (v_leak − v) + r·I`` and leaves the step to the simulator. Euler's step is
``v' = β·v + (r·dt/τ)·I + v_leak·dt/τ`` with ``β = 1 − dt/τ``. Time constants are computed
and kept in double precision, so that the decay comes back as the very same single-precision number.
"""

from __future__ import annotations

import math

import numpy as np

from eegsnn.errors import ExchangeError

LEAKLESS = 2.0**40
"""Time constant, in steps, of a neuron without leak among others that leak.

``1 − 2⁻⁴⁰`` is 1 in single precision; alone, such neurons are written as an IF or I node.
"""


def decay(tau: np.ndarray, dt: float, name: str, parameter: str = "tau") -> np.ndarray:
    """Decay per step, ``1 − dt/τ``, in double precision.

    Raises
    ------
    ExchangeError
        If a time constant is shorter than `dt`: the membrane would change its sign every step.
    """
    tau = np.asarray(tau, dtype=np.float64)
    if not np.all(tau > 0):
        raise ExchangeError(f"{name}: expected time constants {parameter} above 0, but got {tau}.")
    if np.any(tau < dt * (1 - 1e-6)):
        raise ExchangeError(
            f"{name}: expected time constants {parameter} of at least dt = {dt:g} s, but the "
            f"shortest is {tau.min():g} s. Take a shorter dt."
        )
    return np.maximum(1.0 - dt / tau, 0.0)


def time_constant(beta: np.ndarray, dt: float) -> np.ndarray:
    """Time constant in seconds, in double precision, of decays per step in [0, 1]."""
    leak = 1.0 - np.asarray(beta, dtype=np.float64)
    return dt / np.maximum(leak, 1.0 / LEAKLESS)


def steps_of(delay: np.ndarray, dt: float, name: str) -> np.ndarray:
    """Delays in whole steps.

    Raises
    ------
    ExchangeError
        If one is negative, or no multiple of `dt`.
    """
    steps = np.asarray(delay, dtype=np.float64) / dt
    whole = np.round(steps)
    if np.any(whole < 0) or not np.allclose(steps, whole, rtol=1e-6, atol=1e-6):
        raise ExchangeError(
            f"{name}: expected delays of whole steps of dt = {dt:g} s, but got {delay} s."
        )
    return whole.astype(np.int64)


def check_dt(dt: float | None, found: object, matters: str | None) -> float:
    """Duration of a step in seconds, from an argument or a file's metadata.

    Parameters
    ----------
    dt : float, optional
        What the user says.
    found : object
        What the metadata say, or None.
    matters : str, optional
        Name of a node that needs it; None if no node does.

    Raises
    ------
    ExchangeError
        If neither says it and it matters, the two differ, or it is not above 0.
    """
    try:
        written = None if found is None else float(np.asarray(found).reshape(()))
    except (TypeError, ValueError) as error:
        raise ExchangeError(f"dt: expected a number in the metadata, but got {found!r}.") from error
    if dt is not None and written is not None and not math.isclose(dt, written, rel_tol=1e-9):
        raise ExchangeError(
            f"dt: the file was written for steps of {written:g} s, but got {dt:g} s. Leave dt out."
        )
    known = written if dt is None else float(dt)
    if known is None:
        if matters is None:
            return 1.0
        raise ExchangeError(
            f"dt: node {matters!r} is described in seconds and the file names no time step. Give "
            f"dt, the duration of a step in seconds."
        )
    if not (math.isfinite(known) and known > 0):
        raise ExchangeError(f"dt: expected seconds above 0, but got {known!r}.")
    return known
