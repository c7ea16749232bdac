"""``eegsnn pipelines``."""

from __future__ import annotations

import argparse
import tomllib

from eegsnn.pipeline.config import shipped_pipelines


def list_all(arguments: argparse.Namespace) -> int:
    """List the shipped pipelines with their titles."""
    found = shipped_pipelines()
    width = max(map(len, found), default=0)
    for name, path in found.items():
        title = tomllib.loads(path.read_text(encoding="utf-8")).get("title", "")
        print(f"{name:<{width}}  {title}")
    return 0
