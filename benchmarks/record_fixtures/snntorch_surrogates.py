"""Record the surrogate gradients of snnTorch on a grid, for those that we have too.

    python benchmarks/record_fixtures/snntorch_surrogates.py

in an environment with snntorch 1.0.0, torch, NumPy and safetensors. Writes
``tests/neurons/recorded/snntorch_surrogates.safetensors``: per case ``u`` (membrane minus
threshold), ``spikes`` and ``gradient`` (the derivative of the summed spikes by u); as settings the
name that the surrogate has here and its slope.

Not recorded: ``surrogate.triangular``, which is ±threshold and no triangle, and those that have no
counterpart here. ``surrogate.sigmoid`` overflows to NaN below u = −88/slope: the grid stays above.
"""

from __future__ import annotations

import numpy as np
import torch
from recording import TESTS, Recording
from snntorch import surrogate

CASES = [
    ("fast_sigmoid", 25.0, surrogate.fast_sigmoid(25)),
    ("fast_sigmoid", 5.0, surrogate.fast_sigmoid(5)),
    ("arctan", 2.0, surrogate.atan(2.0)),
    ("arctan", 7.5, surrogate.atan(7.5)),
    ("sigmoid", 25.0, surrogate.sigmoid(25)),
    ("sigmoid", 4.0, surrogate.sigmoid(4)),
    ("straight_through", 1.0, surrogate.straight_through_estimator()),
]


def grid() -> np.ndarray:
    coarse = np.linspace(-1.6, 1.6, 129)
    fine = np.geomspace(1e-6, 1e-2, 17)
    # The smallest normal number, and a value beyond any membrane.
    far = [np.finfo(np.float32).tiny, 3.0]
    return np.unique(np.concatenate([coarse, fine, -fine, far])).astype(np.float32)


def main() -> None:
    recording = Recording("benchmarks/record_fixtures/snntorch_surrogates.py", "snntorch", "torch")
    for name, slope, spike in CASES:
        u = torch.tensor(grid(), requires_grad=True)
        spikes = spike(u)
        spikes.sum().backward()
        arrays = {"u": u.detach(), "spikes": spikes.detach(), "gradient": u.grad}
        settings = {"surrogate": name, "slope": slope}
        recording.add(f"{name}-{slope:g}", settings, {k: v.numpy() for k, v in arrays.items()})
    recording.save(TESTS / "neurons" / "recorded" / "snntorch_surrogates.safetensors")


if __name__ == "__main__":
    main()
