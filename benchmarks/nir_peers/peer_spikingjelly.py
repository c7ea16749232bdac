"""SpikingJelly: writes graphs with export_to_nir, runs graphs with import_from_nir."""

import torch
from protocol import DT, N, attempt, currents, serve
from spikingjelly.activation_based import functional, layer, neuron
from spikingjelly.activation_based.nir_exchange import export_to_nir, import_from_nir
from torch import nn


def case(make, x):
    def go():
        torch.manual_seed(0)
        net = make()
        y = torch.stack([net(now) for now in torch.from_numpy(x)]).detach().numpy()
        functional.reset_net(net)
        return export_to_nir(net, torch.from_numpy(x[0]), dt=DT), x, y, DT

    return go


def vector(spiking):
    return nn.Sequential(layer.Linear(N, N), spiking)


def image():
    return nn.Sequential(
        layer.Conv2d(2, 4, 3, padding=1),
        neuron.LIFNode(tau=2.0, v_threshold=0.1),
        layer.AvgPool2d(2, 2),
        layer.Flatten(),
        layer.Linear(4 * 3 * 4, N),
        neuron.IFNode(v_threshold=0.5),
    )


def write(folder):
    x = currents(N, scale=2.0)
    cases = {
        "Linear, LIFNode": lambda: vector(neuron.LIFNode(tau=3.0, v_threshold=0.4)),
        "Linear, LIFNode (input kept, v_reset)": lambda: vector(
            neuron.LIFNode(tau=3.0, decay_input=False, v_reset=-0.3)
        ),
        "Linear, LIFNode (soft reset)": lambda: vector(neuron.LIFNode(tau=3.0, v_reset=None)),
        "Linear, IFNode": lambda: vector(neuron.IFNode()),
        "Linear, ParametricLIFNode": lambda: vector(
            neuron.ParametricLIFNode(init_tau=2.5, v_threshold=0.4)
        ),
        "Linear, CUBALIFNode": lambda: vector(neuron.CUBALIFNode(0.4, 0.8)),
    }
    for kinds, make in cases.items():
        attempt(folder, kinds, case(make, x))
    attempt(folder, "Conv2d, LIFNode, AvgPool2d, Flatten, IFNode", case(image, currents(2, 6, 8)))


def read(path, x, dt):
    net = import_from_nir(path, dt=dt)
    outputs, state = [], None
    for now in torch.from_numpy(x):
        out, state = net(now, state)
        outputs.append(out)
    return torch.stack(outputs).detach().numpy()


if __name__ == "__main__":
    serve(write, read)
