"""Record snnTorch's losses and accuracies on small random outputs, for the tests of our own.

    python benchmarks/record_fixtures/snntorch_losses.py

in an environment with snntorch 1.0.0, torch and NumPy. Writes
``tests/training/recorded/snntorch_losses.npz``, the same every time. Array ``cases`` is JSON: a
list of ``name``, ``function`` (its name in ``snntorch.functional``) and ``arguments``. Arrays of a
case are called ``<name>/<array>``:

========  =========================================================================================
outputs   spikes (0 and 1) or membranes, [T, B, outputs], T = 9, B = 4 (40 for
          accuracies)
targets   class of each trial [B]; for the cases with ``target_is_time`` the wanted step of the
          first spike, [B, outputs]
weight    weight of each class, for the cases that have one
value     the loss, a scalar; or the accuracy
gradient  of the loss by ``outputs``; absent for accuracies
========  =========================================================================================

What the cases are, and what to know about each function of snnTorch 1.0.0:

- ``ce_rate_loss``: cross entropy of the spikes of every step, mean over steps and trials. With a
  class weight the mean over trials is a plain one (PyTorch's own divides by the sum of weights).
- ``ce_count_loss``: cross entropy of the spike counts. ``population``: counts are summed over
  consecutive groups of outputs, one group for each class.
- ``ce_max_membrane_loss``: cross entropy of the highest membrane of each output.
- ``mse_count_loss``: squared distance of the counts from int(T·rate) (times the group size for
  population codes), mean over trials and outputs, divided by T.
- ``mse_membrane_loss``: squared distance of the membranes from on_target and off_target, mean over
  everything.
- ``mse_temporal_loss``: squared distance of first-spike times from targets, both divided by T, mean
  over trials and outputs. A silent output has its first spike at T − 1; negative targets count from
  the end; a time that is less than ``tolerance`` off counts as met. The derivative of a time by the
  spike at it is −1 (for a silent output, by its last step); all others are 0.
- ``ce_temporal_loss``: cross entropy of −time ("negate") or of 1/(time + 1) ("reciprocal").
- ``l1_rate_sparsity``: Lambda times the number of spikes.
- ``accuracy_rate``: most spikes win, the first among equals; ``accuracy_temporal``: first spike
  wins, silent outputs count as T − 1.

Class weights of ``mse_count_loss``, ``mse_membrane_loss`` and ``mse_temporal_loss`` are not
recorded: snnTorch multiplies [B, outputs] by [B], which fails unless the two sizes are equal. Nor
is ``ce_rate_loss`` with a population code, which takes its weights from two classes only, nor
``mse_membrane_loss(time_var_targets=True)``, which fails on a class for every step.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import snntorch.functional as functional
import torch
from recording import TESTS
from snntorch.functional.loss import ce_max_membrane_loss

N_STEPS, BATCH, CLASSES, GROUP = 9, 4, 3, 2
JUDGED = 40  # trials that an accuracy is taken over

# name, function, arguments, what kind of outputs, what kind of targets
LOSSES: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("ce_rate", "ce_rate_loss", {}, "spikes", "classes"),
    ("ce_rate_weighted", "ce_rate_loss", {"weight": [0.5, 1.0, 2.0]}, "spikes", "classes"),
    ("ce_rate_membrane", "ce_rate_loss", {}, "membranes", "classes"),
    ("ce_count", "ce_count_loss", {}, "spikes", "classes"),
    ("ce_count_weighted", "ce_count_loss", {"weight": [0.5, 1.0, 2.0]}, "spikes", "classes"),
    (
        "ce_count_population",
        "ce_count_loss",
        {"population_code": True, "num_classes": CLASSES},
        "population",
        "classes",
    ),
    ("ce_max_membrane", "ce_max_membrane_loss", {}, "membranes", "classes"),
    ("mse_count", "mse_count_loss", {}, "spikes", "classes"),
    (
        "mse_count_rates",
        "mse_count_loss",
        {"correct_rate": 0.8, "incorrect_rate": 0.2},
        "spikes",
        "classes",
    ),
    (
        "mse_count_population",
        "mse_count_loss",
        {
            "correct_rate": 0.75,
            "incorrect_rate": 0.25,
            "population_code": True,
            "num_classes": CLASSES,
        },
        "population",
        "classes",
    ),
    ("mse_membrane", "mse_membrane_loss", {}, "membranes", "classes"),
    (
        "mse_membrane_targets",
        "mse_membrane_loss",
        {"on_target": 1.2, "off_target": -0.3},
        "membranes",
        "classes",
    ),
    ("mse_temporal", "mse_temporal_loss", {}, "few spikes", "classes"),
    (
        "mse_temporal_targets",
        "mse_temporal_loss",
        {"on_target": 2, "off_target": 7},
        "few spikes",
        "classes",
    ),
    (
        "mse_temporal_tolerance",
        "mse_temporal_loss",
        {"on_target": 1, "off_target": -1, "tolerance": 3},
        "few spikes",
        "classes",
    ),
    ("mse_temporal_times", "mse_temporal_loss", {"target_is_time": True}, "few spikes", "times"),
    ("ce_temporal", "ce_temporal_loss", {}, "few spikes", "classes"),
    (
        "ce_temporal_reciprocal",
        "ce_temporal_loss",
        {"inverse": "reciprocal"},
        "few spikes",
        "classes",
    ),
    (
        "ce_temporal_weighted",
        "ce_temporal_loss",
        {"weight": [0.5, 1.0, 2.0]},
        "few spikes",
        "classes",
    ),
    ("l1_rate_sparsity", "l1_rate_sparsity", {"Lambda": 1e-3}, "spikes", "none"),
]

ACCURACIES: list[tuple[str, str, dict[str, Any], str]] = [
    ("accuracy_rate", "accuracy_rate", {}, "spikes"),
    (
        "accuracy_rate_population",
        "accuracy_rate",
        {"population_code": True, "num_classes": CLASSES},
        "population",
    ),
    ("accuracy_temporal", "accuracy_temporal", {}, "few spikes"),
]


def draw_outputs(kind: str, rng: np.random.Generator, batch: int = BATCH) -> np.ndarray:
    if kind == "membranes":
        return rng.normal(0.3, 0.8, (N_STEPS, batch, CLASSES)).astype(np.float32)
    outputs = CLASSES * GROUP if kind == "population" else CLASSES
    spikes = rng.random((N_STEPS, batch, outputs)) < (0.15 if kind == "few spikes" else 0.4)
    if kind == "few spikes":
        spikes[:, 0, 0] = False  # one output never fires,
        spikes[:, 1, 1] = np.arange(N_STEPS) == 0  # one at once,
        spikes[:, 2, 2] = np.arange(N_STEPS) == N_STEPS - 1  # and one at last
    return spikes.astype(np.float32)


def draw_targets(kind: str, rng: np.random.Generator, batch: int = BATCH) -> np.ndarray:
    if kind == "times":
        return rng.integers(0, N_STEPS, (batch, CLASSES))
    return rng.integers(0, CLASSES, batch)


def make(function: str, arguments: dict[str, Any]) -> Callable:
    if function == "ce_max_membrane_loss":
        return ce_max_membrane_loss(**arguments)
    if "weight" in arguments:
        arguments = {**arguments, "weight": torch.tensor(arguments["weight"])}
    return getattr(functional, function)(**arguments)


def main() -> None:
    rng = np.random.default_rng(11)
    cases: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}

    def keep(name: str, function: str, arguments: dict[str, Any], values: dict[str, Any]) -> None:
        weight = arguments.get("weight")
        arguments = {key: value for key, value in arguments.items() if key != "weight"}
        cases.append({"name": name, "function": function, "arguments": arguments})
        if weight is not None:
            values["weight"] = np.asarray(weight, np.float32)
        arrays.update({f"{name}/{key}": np.asarray(value) for key, value in values.items()})

    for name, function, arguments, outputs_kind, targets_kind in LOSSES:
        values: dict[str, Any] = {"outputs": draw_outputs(outputs_kind, rng)}
        outputs = torch.tensor(values["outputs"], requires_grad=True)
        loss = make(function, arguments)
        if targets_kind == "none":
            value = loss(outputs)
        else:
            values["targets"] = draw_targets(targets_kind, rng)
            targets = torch.tensor(values["targets"])
            # A time has to be a float: snnTorch takes differences of spike times and targets.
            value = loss(outputs, targets.float() if targets_kind == "times" else targets)
        value.sum().backward()  # some of the losses are arrays of one value
        values["value"] = value.detach().numpy().reshape(())
        values["gradient"] = outputs.grad.numpy()
        keep(name, function, arguments, values)
    for name, function, arguments, outputs_kind in ACCURACIES:
        outputs = draw_outputs(outputs_kind, rng, JUDGED)
        targets = draw_targets("classes", rng, JUDGED)
        accuracy = getattr(functional, function)(
            torch.tensor(outputs), torch.tensor(targets), **arguments
        )
        values = {"outputs": outputs, "targets": targets, "value": np.float32(accuracy)}
        keep(name, function, arguments, values)
    path = TESTS / "training" / "recorded" / "snntorch_losses.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, cases=np.array(json.dumps(cases)), **arrays)
    size = path.stat().st_size / 1024
    print(f"{path.relative_to(TESTS.parent)}: {len(cases)} cases, {size:.0f} kB")


if __name__ == "__main__":
    main()
