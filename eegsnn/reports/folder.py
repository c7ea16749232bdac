"""Write a result folder so that the old result stays whole until the new one is."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replace_contents(folder: str | Path) -> Iterator[Path]:
    """Yield an empty folder; when the block ends well, move what is in it to `folder`.

    Everything that takes space and time is written in the block. If it raises (disk full,
    Ctrl-C, …) what was in `folder` stays untouched. Entries of `folder` that the block does not
    make anew stay as they are.

    Parameters
    ----------
    folder : path
        Made if it does not exist, and then taken away again, with what was made above it, if the
        block raises and it is empty.
    """
    target = Path(folder)
    made = [place for place in (target, *target.parents) if not place.exists()]
    target.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=target, prefix=".new-"))
    try:
        yield fresh
        old = Path(tempfile.mkdtemp(dir=target, prefix=".old-"))
        moved: list[Path] = []
        try:
            # Only renames from here on: they need no space.
            for entry in sorted(fresh.iterdir()):
                place = target / entry.name
                if place.exists():
                    place.replace(old / entry.name)
                moved.append(place)
                entry.replace(place)
        except BaseException:
            for place in moved:
                if (old / place.name).exists():
                    _remove(place)
                    (old / place.name).replace(place)
            raise
        finally:
            shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        for place in made:
            with contextlib.suppress(OSError):  # there is something in it: it stays
                place.rmdir()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
