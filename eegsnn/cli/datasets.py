"""``eegsnn datasets``."""

from __future__ import annotations

import argparse

from rich.console import Console

from eegsnn.cli.console import plain_warnings
from eegsnn.datasets import describe, fetch, list_datasets, read_manifest


def list_all(arguments: argparse.Namespace) -> int:
    """List all data sets with their titles."""
    names = list_datasets()
    width = max(map(len, names), default=0)
    for name in names:
        print(f"{name:<{width}}  {read_manifest(name).title}")
    return 0


def info(arguments: argparse.Namespace) -> int:
    """Describe a data set."""
    print(describe(arguments.name))
    return 0


def fetch_one(arguments: argparse.Namespace) -> int:
    """Fetch the files of a data set and say where they are."""
    with plain_warnings(Console(stderr=True)):
        for name, path in fetch(arguments.name, progress=not arguments.quiet).items():
            print(f"{name}\t{path}")
    return 0
