"""Keep finished folds on disk, so that an interrupted experiment goes on where it stopped."""

from __future__ import annotations

import json
import re
from pathlib import Path

from eegsnn._files import write_json
from eegsnn.evaluation.results import RunRecord


class FoldStore:
    """A folder with one JSON file per finished run, found again by the hash of what it depends on.

    Parameters
    ----------
    folder : path
        Made when the first record is kept.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def get(self, key: str) -> RunRecord | None:
        """Return the record kept under `key`; None if there is none or it cannot be read."""
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
        write_json(self.folder / name, record.to_dict())
        return self.folder / name

    def forget_all_but(self, keys: set[str]) -> None:
        """Remove the records of other configurations, once they are of no use."""
        short = {key[:12] for key in keys}
        for path in self.folder.glob("*.json"):
            if path.stem.rpartition("-")[2] not in short:
                path.unlink(missing_ok=True)


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()[:40]
