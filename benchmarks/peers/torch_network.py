"""What the libraries on PyTorch share: the loops around a network and around a neuron."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import protocol
import torch

Forward = Callable[[torch.Tensor], torch.Tensor]
"""Input [T, batch, features] → output spikes of every step."""


def linears() -> list[torch.nn.Linear]:
    """Both layers with the weights that all libraries start from."""
    layers = []
    for weight, bias in protocol.weights():
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
        layer.weight = torch.nn.Parameter(torch.from_numpy(weight))
        layer.bias = torch.nn.Parameter(torch.from_numpy(bias))
        layers.append(layer)
    return layers


def poisson(probabilities: torch.Tensor) -> torch.Tensor:
    """Spikes of all steps [T, batch, features] with these probabilities."""
    # Faster than torch.bernoulli, which takes its draws one by one.
    return (torch.rand(protocol.N_STEPS, *probabilities.shape) < probabilities).float()


def training_step(
    forward: Forward, parameters: Iterable[torch.nn.Parameter]
) -> Callable[[], object]:
    """One step of Adam on the cross entropy of the summed output spikes."""
    pool = protocol.pixels()
    probabilities = list(torch.from_numpy(pool.probabilities))
    labels = list(torch.from_numpy(pool.labels).long())
    optimiser = torch.optim.Adam(parameters, lr=protocol.RATE)
    turns = itertools.cycle(range(protocol.POOL))

    def step() -> float:
        turn = next(turns)
        counts = forward(poisson(probabilities[turn])).sum(0)
        loss = torch.nn.functional.cross_entropy(counts, labels[turn])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item()

    return step


def inference(forward: Forward, batch: int) -> Callable[[], object]:
    """Counts of the output spikes of one batch, its input drawn anew."""
    probabilities = list(torch.from_numpy(protocol.pixels(batch).probabilities))
    turns = itertools.cycle(range(protocol.POOL))

    def call() -> torch.Tensor:
        with torch.inference_mode():
            return forward(poisson(probabilities[next(turns)])).sum(0)

    return call


def neuron(
    run: Forward, n_steps: int, parameters: Iterable[torch.nn.Parameter] = ()
) -> Callable[[], object]:
    """Spikes of a neuron over time, and the gradient of their sum by input and `parameters`."""
    x = torch.from_numpy(protocol.currents(n_steps)).requires_grad_()
    wanted = [x, *parameters]

    def call() -> tuple[torch.Tensor, ...]:
        return torch.autograd.grad(run(x).sum(), wanted)

    return call


def product() -> Callable[[], object]:
    left, right = (torch.from_numpy(factor) for factor in protocol.matrices())
    return lambda: left @ right
