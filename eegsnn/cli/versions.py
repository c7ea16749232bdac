"""``eegsnn versions``."""

from __future__ import annotations

import argparse
import json

from eegsnn.backend import describe


def show_versions(arguments: argparse.Namespace) -> int:
    """Show what results depend on."""
    found = describe()
    if arguments.json:
        print(json.dumps(found, indent=2))
        return 0
    width = max(map(len, found))
    for name, value in found.items():
        print(f"{name:<{width}}  {value}")
    return 0
