"""The command ``eegsnn``.

Parsing needs the standard library alone; each command imports what it needs when it runs, so that
``eegsnn --help`` answers at once.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence

from eegsnn.cli.parser import build_parser
from eegsnn.errors import EegsnnError

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process if not given.

    Returns
    -------
    int
        0: done. 1: the operating system refused (disk full, no permission). 2: the request or
        its data cannot be used. 130: interrupted.
    """
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as stop:  # argparse ends the process for --help and for mistakes
        return stop.code if isinstance(stop.code, int) else USAGE
    if arguments.debug:
        return int(arguments.command(arguments) or OK)
    try:
        return int(arguments.command(arguments) or OK)
    except EegsnnError as error:
        return _tell(f"error: {error}", USAGE)
    except KeyboardInterrupt as interruption:
        return _tell(getattr(interruption, "message", "") or "Interrupted.", INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return OK
    except OSError as error:
        return _tell(
            f"error: {error}. Results that were there before are unchanged.{_remedy(error)}", FAILED
        )


def _remedy(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return " Free some space or write to another place, then give the same command again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return " Write to a place where you may."
    return ""


def _tell(text: str, code: int) -> int:
    print(" ".join(text.split()), file=sys.stderr)
    return code
