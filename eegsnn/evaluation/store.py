"""Keep finished folds on disk, so that an interrupted experiment goes on where it stopped."""

from __future__ import annotations

import json
import re
from pathlib import Path

from eegsnn._files import write_json
from eegsnn.evaluation.results import RunRecord

_SEED = re.compile(r"-seed-(\d+)-[0-9a-f]{12}$")
_SUFFIXES = {".json", ".npz"}


class FoldStore:
    """A folder with one JSON file per finished run, found again by the hash of what it depends on.

    Parameters
    ----------
    folder : path
        Made when the first record is kept.
    reuse : bool, default True
        Whether records that are there already are found. False makes every run anew.
    """

    def __init__(self, folder: str | Path, *, reuse: bool = True) -> None:
        self.folder = Path(folder)
        self.reuse = reuse
        # Of another run into the same folder, at the same time, nothing is removed.
        self._known = {path.name for path in self.folder.glob("*-*.*")}

    def get(self, key: str) -> RunRecord | None:
        """Return the record kept under `key`; None if there is none or it cannot be read."""
        if not self.reuse:
            return None
        for path in self.folder.glob(f"*-{key[:12]}.json"):
            try:
                record = RunRecord.from_dict(json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):
                continue
            if record.key == key:
                return record
        return None

    def put(self, record: RunRecord) -> Path:
        """Write a record, whole or not at all; returns its file."""
        seed = "" if record.seed is None else f"-seed-{record.seed}"
        name = f"{_slug(record.model)}-{_slug(record.fold)}{seed}-{record.key[:12]}.json"
        self._known.add(name)
        write_json(self.folder / name, record.to_dict())
        return self.folder / name

    def forget_all_but(self, keys: set[str]) -> None:
        """Remove what was kept for other configurations, once it is of no use."""
        short = {key[:12] for key in keys}
        for path in self.folder.glob("*-*.*"):
            of_key = path.stem.rpartition("-")[2]
            if path.name in self._known and path.suffix in _SUFFIXES and of_key not in short:
                path.unlink(missing_ok=True)

    def seeds(self) -> list[int]:
        """Return the seeds of the records that are there, sorted."""
        found = (_SEED.search(path.stem) for path in self.folder.glob("*-*.json"))
        return sorted({int(match[1]) for match in found if match})

    def beside(self, key: str, name: str) -> Path:
        """Return the path of a further file that belongs to a run, such as ``"examples.npz"``."""
        path = Path(name)
        found = self.folder / f"{path.stem}-{key[:12]}{path.suffix}"
        self._known.add(found.name)
        return found


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()[:40]
