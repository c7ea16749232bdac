"""Losses and accuracies equal those of snnTorch 1.0.0, as recorded, gradients included."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from eegsnn import training

RECORDED = np.load(Path(__file__).parent / "recorded" / "snntorch_losses.npz")
CASES: list[dict[str, Any]] = json.loads(str(RECORDED["cases"]))
OTHER_NAMES = {"Lambda": "strength"}


def our_arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    ours = {OTHER_NAMES.get(key, key): value for key, value in arguments.items()}
    ours.pop("target_is_time", None)  # ours tells by the shape
    if ours.pop("population_code", False):
        ours["n_classes"] = ours.pop("num_classes")
    return ours


def as_snntorch_has_it(function: str, ours: dict[str, Any]) -> dict[str, Any]:
    """Where on_target > off_target, snnTorch 1.0.0 takes 0 for a negative off_target."""
    defaults = {"mse_temporal_loss": (0, -1), "mse_membrane_loss": (1, 0)}
    if function not in defaults:
        return ours
    on = ours.get("on_target", defaults[function][0])
    off = ours.get("off_target", defaults[function][1])
    return {**ours, "off_target": 0} if on > off and off < 0 else ours


def recorded(name: str, array: str) -> np.ndarray | None:
    return RECORDED.get(f"{name}/{array}", None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_equals_snntorch(case: dict[str, Any]) -> None:
    name = case["name"]
    function: Callable = getattr(training, case["function"])
    arguments = as_snntorch_has_it(case["function"], our_arguments(case["arguments"]))
    targets, weight = recorded(name, "targets"), recorded(name, "weight")
    if weight is not None:
        arguments["class_weight"] = mx.array(weight)
    given = [] if targets is None else [mx.array(targets)]

    def value(outputs: mx.array) -> Any:
        return function(outputs, *given, **arguments)

    outputs = mx.array(RECORDED[f"{name}/outputs"])
    got = value(outputs)
    got = got.item() if isinstance(got, mx.array) else got
    assert got == pytest.approx(float(RECORDED[f"{name}/value"]), rel=2e-6)
    wanted = recorded(name, "gradient")
    if wanted is not None:
        np.testing.assert_allclose(
            np.asarray(mx.grad(value)(outputs)), wanted, rtol=1e-5, atol=1e-8
        )


def test_every_recorded_function_is_here() -> None:
    assert len(CASES) >= 20
    assert {case["function"] for case in CASES} <= set(training.__all__)
