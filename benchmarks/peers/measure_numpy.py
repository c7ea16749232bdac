"""NumPy's matrix product: what a product is compared with."""

from __future__ import annotations

from collections.abc import Callable

import protocol


def product() -> Callable[[], object]:
    left, right = protocol.matrices()
    return lambda: left @ right


if __name__ == "__main__":
    protocol.main("numpy", ["numpy"], {"product": product})
