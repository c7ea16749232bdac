"""Ctrl-C between two steps of training, and never within one.

Python raises ``KeyboardInterrupt`` wherever it happens to be. Inside a function that MLX calls back
the exception can be swallowed, and inside an update it would leave half of one. While training
runs, Ctrl-C therefore sets a flag that the loop reads after every step.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class InterruptFlag:
    """Handler of SIGINT that remembers; a second Ctrl-C before the first is read raises at once."""

    def __init__(self) -> None:
        self.requested = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True

    def check(self) -> None:
        """Raise the ``KeyboardInterrupt`` that was asked for, if any."""
        if self.requested:
            self.requested = False
            raise KeyboardInterrupt


@contextlib.contextmanager
def deferred_interrupts() -> Iterator[InterruptFlag]:
    """Yield a flag that Ctrl-C sets instead of raising; the former handler comes back afterwards.

    Only the main thread receives signals, and only Python's own handler is replaced: elsewhere the
    flag is never set, and a handler that somebody installed goes on working. Within such a block, a
    further one shares its flag. A Ctrl-C that nobody read is raised at the end.
    """
    present = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread():
        yield InterruptFlag()
    elif isinstance(present, InterruptFlag):
        yield present
    elif present is not signal.default_int_handler:
        yield InterruptFlag()
    else:
        flag = InterruptFlag()
        signal.signal(signal.SIGINT, flag)
        try:
            yield flag
        finally:
            signal.signal(signal.SIGINT, present)
        flag.check()
