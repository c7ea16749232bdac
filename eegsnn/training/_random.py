"""MLX's global generator, for layers that draw from it: read, and brought back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import mlx.core as mx


def random_state() -> int:
    """Seed that brings MLX's global generator to where it is now: its key as one number."""
    key: Any = mx.random.state[0]  # type: ignore[index]
    high, low = key.tolist()
    return (high << 32) | low


@contextlib.contextmanager
def random_numbers_of(state: int) -> Iterator[None]:
    """Let MLX's global generator repeat the numbers that it gave from this state on."""
    present = random_state()
    mx.random.seed(state)
    try:
        yield
    finally:
        mx.random.seed(present)
