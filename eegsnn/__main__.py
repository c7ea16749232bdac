"""``python -m eegsnn`` is the command ``eegsnn``."""

from __future__ import annotations

import sys

from eegsnn.cli import main

if __name__ == "__main__":
    sys.exit(main())
