"""Rockpool: writes graphs with to_nir, runs graphs with from_nir."""

import nir
import torch
from protocol import BATCH, N, attempt, currents, serve
from rockpool.nn.combinators import Sequential
from rockpool.nn.modules import ExpSynTorch, LIFTorch, LinearTorch
from rockpool.nn.modules.torch.nir import from_nir, to_nir

DT = 1e-3


def case(make, x):
    def go():
        torch.manual_seed(0)
        net = make()
        with torch.no_grad():
            y = net(torch.from_numpy(x).transpose(0, 1))[0].transpose(0, 1).numpy()
        return to_nir(net), x, y, DT

    return go


def write(folder):
    x = currents(N, scale=0.5)
    tau = torch.linspace(0.005, 0.02, N)
    cases = {
        "Linear, LIF (current)": lambda: Sequential(
            LinearTorch((N, N), has_bias=False),
            LIFTorch(
                N,
                tau_mem=tau,
                tau_syn=0.5 * tau.reshape(N, 1),
                dt=DT,
                threshold=torch.full((N,), 3.0),
            ),
        ),
        "Linear, ExpSyn": lambda: Sequential(
            LinearTorch((N, N), has_bias=False), ExpSynTorch(N, tau=tau, dt=DT)
        ),
    }
    for kinds, make in cases.items():
        attempt(folder, kinds, case(make, x))


def read(path, x, dt):
    net = from_nir(nir.read(path))
    outputs, state = [], None
    with torch.no_grad():
        for now in torch.from_numpy(x):
            out = net(now.reshape(BATCH, 1, N), state)
            out, state = out if isinstance(out, tuple) else (out, state)
            outputs.append(out.reshape(BATCH, -1))
    return torch.stack(outputs).numpy()


if __name__ == "__main__":
    serve(write, read)
