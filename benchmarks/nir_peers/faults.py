"""Why a peer computes something else from a graph written here: the fault of its importer.

Found in its source; each is what NIR (1.0.8) defines and the importer does not do.
"""

from __future__ import annotations

_NIRTORCH_BIAS = "nirtorch leaves the bias of w_rec out of the first step"
_SPYX = "always resets by subtraction, and its spikes are those of the step before"
_LEAVES_OUT_R = "leaves r out (takes 1)"
_BATCH_AXIS = "flattens the batch axis too (start_dim is not moved)"
_OLD_NIR = "its nir (1.0.4, pinned) cannot read what nir 1.0.8 writes"
_ROCKPOOL_LIF = "asks an LIF node for tau_mem, which is called tau"
_ROCKPOOL = "takes exponential decays and its own gains and reset, whatever r, w_in and v_reset say"

# By peer and beginning of the node kinds; the first that fits counts.
FAULTS: dict[str, tuple[tuple[str, str], ...]] = {
    "snntorch": (
        ("LIF (subtract, in", "resets to v_reset"),
        ("IF", "takes an IF node for a leaky one (β = 0.9), and only with r = 1, not r·dt = 1"),
        ("recurrent", _NIRTORCH_BIAS),
        ("Conv2d", _BATCH_AXIS),
    ),
    "norse": (
        ("recurrent CubaLIF", _NIRTORCH_BIAS),
        ("LIF", _LEAVES_OUT_R),
        ("recurrent LIF", _LEAVES_OUT_R),
        ("branch", _LEAVES_OUT_R),
        ("LI", "passes over a node that it does not know (LI)"),
        ("Conv2d, Avg", "passes over a node that it does not know (AvgPool2d)"),
        ("Conv2d", _BATCH_AXIS),
    ),
    "spikingjelly": (
        ("LIF (subtract, in", "resets to v_reset"),
        ("recurrent", _NIRTORCH_BIAS),
    ),
    "spyx": (
        ("LIF with r", "leaves r out (takes tau/dt); " + _SPYX),
        ("branch", "runs the nodes as a chain"),
        ("recurrent", _SPYX + "; leaves the bias of w_rec out"),
        ("Conv2d, Avg", "passes over a node that it does not know (AvgPool2d)"),
        ("Conv2d", _SPYX + "; weights after Flatten taken for height, width, channels"),
        ("", _SPYX),
    ),
    "sinabs": (("", _OLD_NIR),),
    "rockpool": (("LIF", _ROCKPOOL_LIF), ("", _ROCKPOOL)),
}


def fault_of(peer: str, kinds: str) -> str:
    """What is known to be wrong in a peer's importer for these nodes."""
    return next((told for start, told in FAULTS[peer] if kinds.startswith(start)), "")
