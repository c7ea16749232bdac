"""Download a file over HTTP so that an interruption costs only what was under way."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from eegsnn._version import __version__
from eegsnn.errors import FetchError

_PIECE = 1 << 16
_TIMEOUT = 30.0
_ATTEMPTS = 3

#: Called with (bytes so far, bytes in total or None).
Progress = Callable[[int, int | None], None]


def download(url: str, part: Path, progress: Progress | None = None) -> Path:
    """Download `url` into `part`, going on from what `part` already holds.

    Parameters
    ----------
    url : str
        Address, http or https.
    part : Path
        File that grows; it stays after an interruption, and the next call asks the server for
        the rest only (HTTP ``Range``). A server that does not know ranges sends all again.
    progress : callable, optional
        Told how far it is.

    Returns
    -------
    Path
        `part`, complete as far as the server's length tells. The caller verifies its hash.

    Raises
    ------
    FetchError
        If the server cannot be reached, answers with an error, or breaks off repeatedly. What
        came stays in `part`.
    """
    part.parent.mkdir(parents=True, exist_ok=True)
    last: Exception | None = None
    for _ in range(_ATTEMPTS):
        try:
            _continue(url, part, progress)
            return part
        except urllib.error.HTTPError as error:
            if error.code == 416 and part.exists():
                # The server has no more than we hold: complete, or of another version. The hash
                # decides; if it is wrong, the caller removes the part and nothing is lost.
                return part
            raise FetchError(f"{url}: the server answers {error.code} {error.reason}.") from error
        except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
            last = error
    raise FetchError(
        f"{url}: could not be downloaded ({last})."
        + (" What came is kept; run it again to go on." if part.exists() else "")
    ) from last


def _continue(url: str, part: Path, progress: Progress | None) -> None:
    start = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": f"eegsnn/{__version__}"}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
        if response.status != 206:
            start = 0
        length = response.headers.get("Content-Length")
        total = start + int(length) if length is not None else None
        with part.open("ab" if start else "wb") as stream:
            done = start
            while piece := response.read(_PIECE):
                stream.write(piece)
                done += len(piece)
                if progress is not None:
                    progress(done, total)
        if total is not None and done < total:
            raise OSError(f"the connection ended after {done} of {total} bytes")
