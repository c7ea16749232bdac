"""What a training consists of, as plain values, so that two of them can be compared by name."""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Iterator
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx.optimizers import Optimizer
from mlx.utils import tree_flatten

# A schedule is a function; these steps tell two of them apart.
_SAMPLED_STEPS = (0, 1, 10, 100, 1_000, 10_000, 100_000)


def describe_model(model: nn.Module) -> dict[str, Any]:
    """Classes, settings and arrays of a model; of fixed arrays the content too.

    Learned weights are described by shape and type alone: a new model may start from others.
    """
    trainable = {name for name, _ in tree_flatten(model.trainable_parameters())}
    arrays = {
        name: [str(array.dtype).rpartition(".")[2], *array.shape]
        + ([] if name in trainable else [f"checksum {_checksum(array):08x}"])
        for name, array in tree_flatten(model.parameters())
    }
    modules = {name or "model": _settings(module) for name, module in model.named_modules()}
    return {"arrays": arrays, "modules": modules}


def describe_optimizer(optimizer: Optimizer) -> dict[str, Any]:
    """Class, constants and schedules of an optimiser that has not started."""
    parts = getattr(optimizer, "optimizers", None)
    if parts is not None:
        return {"class": type(optimizer).__name__, "parts": [describe_optimizer(p) for p in parts]}
    schedules = optimizer._schedulers
    constants = {
        name: value.item()
        for name, value in optimizer.state.items()
        if isinstance(value, mx.array) and value.ndim == 0 and name not in {"step", *schedules}
    }
    return {
        "class": type(optimizer).__name__,
        **{name: plain(value) for name, value in vars(optimizer).items() if name[0] != "_"},
        **constants,
        **{
            f"{name} at updates {', '.join(map(str, _SAMPLED_STEPS))}": [
                float(schedule(mx.array(step))) for step in _SAMPLED_STEPS
            ]
            for name, schedule in schedules.items()
        },
    }


def differences(recorded: dict[str, Any], present: dict[str, Any]) -> list[str]:
    """One line for every value that differs, by its dotted name."""
    before = dict(_dotted(recorded))
    now = dict(_dotted(json.loads(json.dumps(present))))
    nothing = object()
    return [
        f"{name}: {_told(before.get(name, nothing), nothing)} in the checkpoint, "
        f"{_told(now.get(name, nothing), nothing)} here"
        for name in {**before, **now}
        if before.get(name, nothing) != now.get(name, nothing)
    ]


def _settings(module: nn.Module) -> dict[str, Any]:
    """Class and every plain attribute of a module; its arrays and submodules stand elsewhere."""
    known = {"_no_grad", "_training"}
    return {
        "class": type(module).__name__,
        **{
            name: plain(value)
            for name, value in {**vars(module), **module}.items()
            if name not in known and not _holds_arrays(value)
        },
    }


def _holds_arrays(value: Any) -> bool:
    """Whether a value is, or holds, arrays or modules."""
    if isinstance(value, dict | list | tuple) and not isinstance(value, nn.Module):
        values = value.values() if isinstance(value, dict) else value
        return any(_holds_arrays(part) for part in values)
    return isinstance(value, mx.array | nn.Module)


def plain(value: Any) -> Any:
    """Give a value as JSON can hold it; of what it cannot hold, the name of it or of its class."""
    if isinstance(value, bool | int | float | str | type(None)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return [str(value.dtype), *value.shape, f"checksum {zlib.crc32(value.tobytes()):08x}"]
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {"class": type(value).__name__, **{n: plain(getattr(value, n)) for n in names}}
    return getattr(value, "__qualname__", type(value).__qualname__)


def _checksum(array: mx.array) -> int:
    return zlib.crc32(np.asarray(array.reshape(-1).view(mx.uint8)).tobytes())


def _dotted(content: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(content, dict) and content:
        for name, value in content.items():
            yield from _dotted(value, f"{prefix}.{name}" if prefix else name)
    else:
        yield prefix, content


def _told(value: Any, nothing: object) -> str:
    return "nothing" if value is nothing else repr(value)
