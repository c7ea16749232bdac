"""What a graph holds and what of it would be exact."""

import nir
import numpy as np
import pytest

from eegsnn.errors import ExchangeError
from eegsnn.exchange import inspect_nir, to_nir
from eegsnn.layers import Residual, Sequential
from eegsnn.neurons import Leaky


def recurrent():
    one = np.ones(2)
    lif = nir.LIF(np.array([0.01, 0.0005]), one, 0 * one, one)
    nodes = {"input": nir.Input(np.array([2])), "lif": lif, "w": nir.Linear(np.ones((2, 2)))}
    nodes["output"] = nir.Output(np.array([2]))
    edges = [("input", "lif"), ("lif", "w"), ("w", "lif"), ("lif", "output")]
    return nir.NIRGraph(nodes, edges, type_check=False)


def test_every_node_is_told_with_its_problem():
    report = inspect_nir(recurrent(), 1e-3)
    problems = {node.name: node.problem for node in report.nodes}
    assert "at least dt" in problems.pop("lif")
    assert not any(problems.values())
    assert not report.is_exact
    assert inspect_nir(recurrent(), 1e-4).is_exact


def test_without_a_time_step_the_rest_is_told():
    report = inspect_nir(recurrent())
    assert report.dt is None
    assert {n.name for n in report.nodes if n.problem == "needs dt"} == {"lif"}


def test_drawing_shows_branches_and_what_comes_a_step_later():
    assert "↺ lif" in inspect_nir(recurrent(), 1e-4).drawing()
    branch = to_nir(Sequential(Residual(Leaky()), Leaky()), dt=1e-3, features=2)
    report = inspect_nir(branch)
    assert "1_leaky  LIF (2,)  ← input" in report.drawing()
    assert any("metadata" in node.note for node in report.nodes)


def test_what_is_no_graph_is_refused():
    graph = recurrent()
    graph.edges.append(("lif", "nowhere"))
    with pytest.raises(ExchangeError, match="nowhere"):
        inspect_nir(graph)
