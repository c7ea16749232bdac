"""Neurons that one NIR node says, both ways."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np

from eegsnn.errors import ExchangeError
from eegsnn.exchange.euler import decay, time_constant
from eegsnn.exchange.layout import Layout
from eegsnn.exchange.metadata import firing_of, layer_metadata, number
from eegsnn.exchange.neuron import NIRNeuron
from eegsnn.exchange.stateless import array, f32
from eegsnn.neurons import IF, Lapicque, Leaky, LeakyIntegrator, ParametricLeaky, Synaptic
from eegsnn.neurons.parameters import parameters_of


def values_of(layer: Any, layout: Layout) -> dict[str, np.ndarray]:
    """Parameters per neuron of a layer as NIR orders them, in double precision."""
    return {
        name: layout.to_nir(array(getattr(layer, name)).astype(np.float64))
        for name, entry in parameters_of(layer.__class__).items()
        if entry.per_neuron and entry.is_kept(layer)
    }


def needs_metadata(layer: Any) -> bool:
    """Whether a reader that knows plain NIR alone would reset the one node in another way.

    NIR sets the membrane to ``v_reset`` at once. A reset to zero that empties the old membrane and
    keeps the input does the same one step later.
    """
    firing = layer.firing
    if firing["reset_mechanism"] != "zero":
        return True
    return firing["reset_delay"] and not isinstance(layer, Leaky | ParametricLeaky)


def spiking_metadata(layer: Any, **more: Any) -> dict[str, Any]:
    """Metadata of a node with a reset."""
    reading = "other reset" if needs_metadata(layer) else "same"
    return layer_metadata(layer, plain_reading=reading, **more)


def membrane_node(
    beta: np.ndarray, dt: float, metadata: dict[str, Any], alpha: np.ndarray | None = None
) -> nir.NIRNode:
    """I, LI or CubaLI whose step is ``mem' = beta·mem + x``."""
    zeros, leakless = np.zeros_like(beta), np.all(beta == 1)
    if alpha is not None:
        syn, mem = time_constant(alpha, dt), time_constant(beta, dt)
        return nir.CubaLI(syn, mem, mem / dt, zeros, syn / dt, metadata=metadata)
    if leakless:
        return nir.I(np.full_like(beta, 1 / dt), metadata=metadata)
    tau = time_constant(beta, dt)
    return nir.LI(tau, tau / dt, zeros, metadata=metadata)


def spiking_node(
    beta: np.ndarray,
    threshold: np.ndarray,
    dt: float,
    metadata: dict[str, Any],
    alpha: np.ndarray | None = None,
) -> nir.NIRNode:
    """IF, LIF or CubaLIF whose step is ``mem' = beta·mem + x`` before the reset to 0."""
    zeros, leakless = np.zeros_like(beta), np.all(beta == 1)
    if alpha is not None:
        syn, mem = time_constant(alpha, dt), time_constant(beta, dt)
        r, w_in = mem / dt, syn / dt
        return nir.CubaLIF(syn, mem, r, zeros, threshold, zeros, w_in, metadata=metadata)
    if leakless:
        return nir.IF(np.full_like(beta, 1 / dt), threshold, zeros, metadata=metadata)
    tau = time_constant(beta, dt)
    return nir.LIF(tau, tau / dt, zeros, threshold, zeros, metadata=metadata)


def write_leaky(layer: Any, layout: Layout, dt: float) -> nir.NIRNode:
    """Leaky or IF with a reset."""
    p = values_of(layer, layout)
    return spiking_node(p["beta"], p["threshold"], dt, spiking_metadata(layer))


def write_synaptic(layer: Synaptic, layout: Layout, dt: float) -> nir.NIRNode:
    """Write Synaptic with a reset."""
    p = values_of(layer, layout)
    return spiking_node(p["beta"], p["threshold"], dt, spiking_metadata(layer), p["alpha"])


def write_integrator(layer: LeakyIntegrator, layout: Layout, dt: float) -> nir.NIRNode:
    """Write LeakyIntegrator."""
    return membrane_node(values_of(layer, layout)["beta"], dt, layer_metadata(layer))


def write_parametric(layer: ParametricLeaky, layout: Layout, dt: float) -> nir.NIRNode:
    """Write ParametricLeaky: LIF with τ = tau·dt, and r = 1 where the input decays with it."""
    p = values_of(layer, layout)
    zeros = np.zeros_like(p["tau"])
    r = np.ones_like(p["tau"]) if layer.decay_input else p["tau"]
    metadata = spiking_metadata(layer, decay_input=int(layer.decay_input))
    return nir.LIF(p["tau"] * dt, r, zeros, p["threshold"], zeros, metadata=metadata)


def write_lapicque(layer: Lapicque, layout: Layout, dt: float) -> nir.NIRNode:
    """Write Lapicque: its own unit of time becomes seconds, so that a time step is dt."""
    p = values_of(layer, layout)
    zeros = np.zeros_like(p["R"])
    tau = p["R"] * p["C"] * (dt / p["time_step"])
    metadata = spiking_metadata(layer, time_step=p["time_step"])
    return nir.LIF(tau, p["R"], zeros, p["threshold"], zeros, metadata=metadata)


def write_general(layer: NIRNeuron, layout: Layout, dt: float) -> nir.NIRNode:
    """Write a NIRNeuron as the node that it was read from."""
    p = values_of(layer, layout)
    settings = layer.settings
    if settings["current"] != "new":
        raise ExchangeError("in NIR the membrane sees the current after the input, not before.")
    tau = time_constant(p["beta"], dt)
    r, v_leak = p["gain"] * (tau / dt), p["bias"] * (tau / dt)
    leakless = np.all(p["beta"] == 1) and not np.any(p["bias"])
    metadata: dict[str, Any] = {}
    if "threshold" in p:
        plain = settings["reset"] == "value" and not settings["reset_delay"]
        metadata = {
            "reset_mechanism": settings["reset"],
            "reset_delay": int(settings["reset_delay"]),
            "surrogate": settings["surrogate"].name,
            "surrogate_slope": float(settings["surrogate"].slope),
            "plain_reading": "same" if plain else "other reset",
        }
    fire = (p["threshold"], p["v_reset"]) if "threshold" in p else ()
    if "alpha" in p:
        syn = time_constant(p["alpha"], dt)
        kind = nir.CubaLIF if fire else nir.CubaLI
        w_in = p["syn_gain"] * (syn / dt)
        return kind(syn, tau, r, v_leak, *fire, w_in=w_in, metadata=metadata)
    if leakless:
        kind = nir.IF if fire else nir.I
        return kind(p["gain"] / dt, *fire, metadata=metadata)
    kind = nir.LIF if fire else nir.LI
    return kind(tau, r, v_leak, *fire, metadata=metadata)


def read_leaky(node: Any, layout: Layout, dt: float, name: str) -> Any | None:
    """Leaky or IF, as the metadata say; None if the node's values are not those of one."""
    p = plain_values(node, layout, dt, name)
    if p is None or not _resets_to_zero(node) or not (p["threshold"] > 0).all():
        return None
    firing = firing_of(node.metadata, name)
    if node.metadata["layer"] == "IF":
        return IF(p["threshold"], **firing) if np.all(p["beta"] == 1) else None
    return Leaky(p["beta"], p["threshold"], **firing)


def read_synaptic(node: Any, layout: Layout, dt: float, name: str) -> Any | None:
    """Synaptic; None if the node's values are not those of one."""
    p = plain_values(node, layout, dt, name)
    if p is None or "alpha" not in p or not _resets_to_zero(node):
        return None
    return Synaptic(p["alpha"], p["beta"], p["threshold"], **firing_of(node.metadata, name))


def read_integrator(node: Any, layout: Layout, dt: float, name: str) -> Any | None:
    """LeakyIntegrator; None if the node's values are not those of one."""
    p = plain_values(node, layout, dt, name)
    return None if p is None or set(p) != {"beta"} else LeakyIntegrator(p["beta"])


def read_parametric(node: Any, layout: Layout, dt: float, name: str) -> Any | None:
    """ParametricLeaky; None if the node's values are not those of one."""
    if not isinstance(node, nir.LIF) or not _resets_to_zero(node) or np.any(node.v_leak):
        return None
    decay_input = bool(number(node.metadata, "decay_input", name))
    tau = layout.to_here(np.asarray(node.tau, dtype=np.float64) / dt).astype(np.float32)
    r = f32(layout.to_here(np.asarray(node.r)))
    if np.any(r != (np.float32(1) if decay_input else tau)):
        return None
    threshold = f32(layout.to_here(np.asarray(node.v_threshold)))
    firing = firing_of(node.metadata, name)
    return ParametricLeaky(tau, threshold, decay_input=decay_input, learn_tau=False, **firing)


def read_lapicque(node: Any, layout: Layout, dt: float, name: str) -> Any | None:
    """Lapicque; None if the node's values are not those of one."""
    if not isinstance(node, nir.LIF) or not _resets_to_zero(node) or np.any(node.v_leak):
        return None
    tau, r, step = (
        layout.to_here(np.asarray(v, dtype=np.float64))
        for v in (node.tau, node.r, node.metadata.get("time_step", np.nan))
    )
    if not (np.all(step > 0) and np.all(r > 0) and np.all(tau > 0)):
        return None
    capacitance = tau / (dt / step) / r
    threshold = layout.to_here(np.asarray(node.v_threshold))
    firing = firing_of(node.metadata, name)
    return Lapicque(R=r, C=capacitance, time_step=step, threshold=threshold, **firing)


def plain_values(node: Any, layout: Layout, dt: float, name: str) -> dict[str, np.ndarray] | None:
    """Decays and threshold of a node whose gains are 1 and that rests at 0; None of another."""
    p = euler_values(node, layout, dt, name)
    if np.any(p.pop("bias", 0)) or np.any(p.pop("gain") != 1) or np.any(p.pop("syn_gain", 1) != 1):
        return None
    p.pop("v_reset", None)
    return p


def euler_values(
    node: Any, layout: Layout, dt: float, name: str, *, exponential: bool = False
) -> dict[str, np.ndarray]:
    """Every parameter of a NIR neuron as one of Euler's method, per step, in the order here.

    Keys ``beta``, ``gain``, ``bias``, and by kind ``alpha``, ``syn_gain``, ``threshold``,
    ``v_reset``, as :class:`~eegsnn.exchange.neuron.NIRNeuron` has them. `exponential` takes
    ``exp(−dt/τ)`` for the decay per step and the gain that keeps the steady state.
    """
    double = {
        key: layout.to_here(np.asarray(getattr(node, key), dtype=np.float64))
        for key in ("tau", "tau_mem", "tau_syn", "r", "v_leak", "w_in", "v_threshold", "v_reset")
        if getattr(node, key, None) is not None
    }
    found: dict[str, np.ndarray] = {}

    def leak(key: str) -> tuple[np.ndarray, np.ndarray]:
        kept = decay(double[key], dt, name, key)
        kept = np.exp(-dt / double[key]) if exponential else kept
        return kept, -np.expm1(-dt / double[key]) if exponential else dt / double[key]

    if isinstance(node, nir.I | nir.IF):
        found["beta"], found["gain"] = np.ones(()), double["r"] * dt
    else:
        key = "tau_mem" if "tau_mem" in double else "tau"
        found["beta"], share = leak(key)
        found["gain"], found["bias"] = double["r"] * share, double["v_leak"] * share
    if "tau_syn" in double:
        found["alpha"], share = leak("tau_syn")
        found["syn_gain"] = double["w_in"] * share
    if "v_threshold" in double:
        found |= {"threshold": double["v_threshold"], "v_reset": double["v_reset"]}
    return {key: f32(value) for key, value in found.items()}


def _resets_to_zero(node: Any) -> bool:
    return not np.any(node.v_reset)
