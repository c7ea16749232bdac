"""Spyx: writes graphs with to_nir, runs graphs with from_nir."""

import jax.numpy as jnp
import nir
import numpy as np
import spyx.nn as snn
from flax import nnx
from protocol import DT, N, attempt, currents, serve
from spyx.nir import from_nir, to_nir


def case(make, x):
    def go():
        layers = make(nnx.Rngs(0))
        y, _ = snn.run(snn.Sequential(*layers), jnp.array(last(x)))
        shapes = {"input": np.array(x.shape[2:])}, {"output": np.array([N])}
        graph = to_nir(nnx.Sequential(*layers), *shapes, dt=DT)
        return graph, x, np.array(y), DT

    return go


def last(x):
    return np.moveaxis(x, 2, -1) if x.ndim > 3 else x


def image(r):
    return [
        nnx.Conv(2, 4, (3, 3), padding="SAME", rngs=r),
        snn.IF((6, 8, 4)),
        snn.SumPool((2, 2), (2, 2), "VALID", channel_axis=-1),
        snn.Flatten(),
        nnx.Linear(48, N, rngs=r),
        snn.IF((N,)),
    ]


def write(folder):
    x = currents(N, scale=1.5)
    dense = lambda r: nnx.Linear(N, N, rngs=r)  # noqa: E731
    cases = {
        "Linear, LIF": lambda r: [dense(r), snn.LIF((N,), rngs=r)],
        "Linear, IF": lambda r: [dense(r), snn.IF((N,))],
        "Linear, CuBaLIF": lambda r: [dense(r), snn.CuBaLIF((N,), rngs=r)],
        "Linear, RLIF": lambda r: [dense(r), snn.RLIF((N,), rngs=r)],
        "Linear, PSU_LIF (no reset)": lambda r: [dense(r), snn.PSU_LIF((N,), rngs=r)],
    }
    for kinds, make in cases.items():
        attempt(folder, kinds, case(make, x))
    attempt(folder, "Conv2d, IF, SumPool2d, Flatten", case(image, currents(2, 6, 8)))


def read(path, x, dt):
    return np.array(from_nir(nir.read(path), jnp.array(last(x)), dt=dt)[1])


if __name__ == "__main__":
    serve(write, read)
