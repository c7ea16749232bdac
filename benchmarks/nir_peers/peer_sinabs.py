"""Sinabs: writes graphs with to_nir, runs graphs with from_nir. Its time constants are in steps."""

import nir
import sinabs.activation as sa
import sinabs.layers as sl
import torch
from protocol import BATCH, N_STEPS, N, attempt, currents, serve
from sinabs import from_nir, to_nir
from torch import nn


def run(net, x):
    flat = torch.from_numpy(x).transpose(0, 1).reshape(BATCH * N_STEPS, *x.shape[2:])
    out = net(flat)
    out = out[0] if isinstance(out, tuple) else out
    return out.reshape(BATCH, N_STEPS, *out.shape[1:]).transpose(0, 1).detach().numpy()


def case(make, x):
    def go():
        torch.manual_seed(0)
        net = make()
        with torch.no_grad():
            y = run(net, x)
        flat = torch.from_numpy(x).transpose(0, 1).reshape(BATCH * N_STEPS, *x.shape[2:])
        return to_nir(net, flat), x, y, 1.0

    return go


def write(folder):
    x = currents(N, scale=1.5)
    one = {"batch_size": BATCH, "spike_fn": sa.SingleSpike}
    tau = torch.linspace(2, 20, N)
    cases = {
        "Linear, LIF": lambda: nn.Sequential(
            nn.Linear(N, N), sl.LIFSqueeze(tau_mem=tau, spike_threshold=0.2 * torch.ones(N), **one)
        ),
        "Linear, IAF": lambda: nn.Sequential(nn.Linear(N, N), sl.IAFSqueeze(**one)),
        "Linear, ExpLeak": lambda: nn.Sequential(
            nn.Linear(N, N), sl.ExpLeakSqueeze(tau_mem=tau, batch_size=BATCH)
        ),
    }
    for kinds, make in cases.items():
        attempt(folder, kinds, case(make, x))


def read(path, x, dt):
    with torch.no_grad():
        return run(from_nir(nir.read(path), batch_size=BATCH), x)


if __name__ == "__main__":
    serve(write, read)
