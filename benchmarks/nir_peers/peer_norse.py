"""Norse: writes graphs with to_nir, runs graphs with from_nir."""

import nir
import norse.torch as norse
import torch
from norse.torch.functional.lif_box import LIFBoxParameters
from protocol import N, attempt, currents, serve
from torch import nn

DT = 1e-3


def run(net, x):
    outputs, state = [], None
    for now in torch.from_numpy(x):
        out, state = net(now, state)
        outputs.append(out)
    return torch.stack(outputs).detach().numpy()


def case(make, x):
    def go():
        torch.manual_seed(0)
        net = make()
        y = run(net, x)
        return norse.to_nir(net, torch.from_numpy(x[0, 0]), dt=DT), x, y, DT

    return go


def each(low, high):
    return torch.linspace(low, high, N)


def write(folder):
    x = currents(N, scale=4.0, offset=2.0)
    box = LIFBoxParameters(tau_mem_inv=each(50, 300), v_th=each(0.2, 0.5), v_leak=torch.zeros(N))
    cuba = norse.LIFParameters(
        tau_mem_inv=each(50, 300),
        tau_syn_inv=each(100, 400),
        v_th=each(0.2, 0.5),
        v_leak=torch.zeros(N),
    )
    li = norse.LIBoxParameters(tau_mem_inv=each(50, 300), v_leak=torch.zeros(N))
    layer = norse.SequentialState
    cases = {
        "Linear, LIFBox": lambda: layer(nn.Linear(N, N), norse.LIFBoxCell(box)),
        "Linear, LIF (current)": lambda: layer(nn.Linear(N, N), norse.LIFCell(cuba)),
        "Linear, LIBox": lambda: layer(nn.Linear(N, N), norse.LIBoxCell(li)),
        "Linear, IAF": lambda: layer(
            nn.Linear(N, N), norse.IAFCell(norse.IAFParameters(v_th=torch.ones(N)))
        ),
    }
    for kinds, make in cases.items():
        attempt(folder, kinds, case(make, x))


def read(path, x, dt):
    return run(norse.from_nir(nir.read(path), dt=dt), x)


if __name__ == "__main__":
    serve(write, read)
