"""snnTorch: writes graphs with export_to_nir, runs graphs with import_from_nir."""

import nir
import snntorch as snn
import torch
from protocol import DT, N, attempt, currents, serve
from snntorch import utils
from snntorch.export_nir import export_to_nir
from snntorch.import_nir import import_from_nir
from torch import nn


def run(net, x):
    utils.reset(net)
    outputs = []
    for now in torch.from_numpy(x):
        out = net(now)
        outputs.append(out[0] if isinstance(out, tuple) else out)
    return torch.stack(outputs).detach().numpy()


def case(make, x):
    def go():
        torch.manual_seed(0)
        net = make()
        y = run(net, x)
        utils.reset(net)
        return export_to_nir(net, torch.from_numpy(x[0]), ignore_dims=[0]), x, y, DT

    return go


def vector(*layers):
    return nn.Sequential(nn.Linear(N, N), *layers)


def keep(*shape):
    return {"beta": torch.full(shape, 0.9), "threshold": torch.full(shape, 0.3)}


def image():
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        snn.Leaky(**keep(4, 6, 8), init_hidden=True),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(4 * 3 * 4, N),
        snn.Leaky(**keep(N), init_hidden=True, output=True),
    )


def write(folder):
    each = torch.linspace(0.5, 0.95, N)
    thr = torch.ones(N)
    last = {"init_hidden": True, "output": True}
    soft = {**last, "threshold": thr}
    zero = {**soft, "reset_mechanism": "zero", "reset_delay": False}
    x = currents(N, scale=2.0)
    cases = {
        "Linear, Leaky (subtract)": lambda: vector(snn.Leaky(beta=each, **soft)),
        "Linear, Leaky (zero)": lambda: vector(snn.Leaky(beta=each, **zero)),
        "Linear, Leaky (none)": lambda: vector(
            snn.Leaky(beta=each, **{**soft, "reset_mechanism": "none"})
        ),
        "Linear, Synaptic (subtract)": lambda: vector(
            snn.Synaptic(alpha=0.8 * torch.ones(N), beta=each, **soft)
        ),
        "RLeaky (subtract)": lambda: vector(snn.RLeaky(beta=each, linear_features=N, **soft)),
        "RSynaptic (subtract)": lambda: vector(
            snn.RSynaptic(alpha=0.8 * torch.ones(N), beta=each, linear_features=N, **soft)
        ),
    }
    for kinds, make in cases.items():
        attempt(folder, kinds, case(make, x))
    attempt(folder, "Conv2d, Leaky, AvgPool2d, Flatten", case(image, currents(2, 6, 8)))


def read(path, x, dt):
    net = import_from_nir(nir.read(path))
    outputs, state = [], None
    for now in torch.from_numpy(x):
        out, state = net(now, state)
        outputs.append(out[0] if isinstance(out, tuple) else out)
    return torch.stack(outputs).detach().numpy()


if __name__ == "__main__":
    serve(write, read)
