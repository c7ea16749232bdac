"""Neurons equal snnTorch itself on whatever hypothesis thinks of, where it can be imported.

    pip install 'eegsnn[peers]'

What is compared, and how, is that of the recorded cases: snnTorch is driven by the script that
records it, and ours by the test that reads the recordings.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="live comparison with snnTorch: torch is not installed")
pytest.importorskip("snntorch", reason="live comparison with snnTorch: snntorch is not installed")

HERE = Path(__file__).resolve().parent
RECORDERS = HERE.parents[1] / "benchmarks" / "record_fixtures"
RECURRENT = ("RLeaky", "RSynaptic")
WITHOUT_DELAY_FLAG = ("Alpha", "Lapicque", "RSynaptic")


def load(path: Path) -> ModuleType:
    """Import a file that belongs to no package, as neither tests nor benchmarks do."""
    spec = importlib.util.spec_from_file_location(f"shared_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


comparison = load(HERE / "test_against_recorded.py")
snntorch_neurons = load(RECORDERS / "snntorch_neurons.py")


@st.composite
def live_cases(draw: st.DrawFn) -> Any:
    """A case as the recordings hold it, computed by snnTorch just now."""
    neuron = draw(
        st.sampled_from(["Leaky", "IF", "Synaptic", "Alpha", "Lapicque", "RLeaky", "RSynaptic"])
    )
    recurrence = ""
    if neuron in RECURRENT:
        recurrence = draw(st.sampled_from(["one_to_one", "dense", "conv"]))
    most = 8 if recurrence == "conv" else 30
    case = snntorch_neurons.Case(
        np.random.default_rng(draw(st.integers(0, 2**32 - 1))),
        neuron,
        draw(st.sampled_from(snntorch_neurons.RESETS)),
        neuron in WITHOUT_DELAY_FLAG or draw(st.booleans()),
        draw(st.booleans()),
        draw(st.sampled_from(sorted(snntorch_neurons.SURROGATES))),
        recurrence,
        (draw(st.integers(1, most)), draw(st.integers(1, 3)), draw(st.integers(1, 5))),
    )
    arrays = case.record(rates=(0.0, 1.0))
    return comparison.Case({"name": case.name, **case.settings}, arrays)


@settings(deadline=None, max_examples=100)
@given(live_cases())
def test_spikes_and_states_equal_snntorch(case: Any) -> None:
    comparison.test_spikes_and_states_equal_snntorch(case)


@settings(deadline=None, max_examples=100)
@given(live_cases())
def test_gradients_equal_snntorch(case: Any) -> None:
    comparison.test_gradients_equal_snntorch(case)
