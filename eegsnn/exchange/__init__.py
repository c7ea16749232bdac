"""Exchange with other libraries by way of NIR, both ways and without loss."""

from eegsnn.exchange.estimators import decide, estimator_to_nir, network_inputs
from eegsnn.exchange.exporting import export_to_nir, to_nir
from eegsnn.exchange.files import read_graph, write_graph
from eegsnn.exchange.importing import from_nir, import_from_nir
from eegsnn.exchange.inspection import GraphReport, NodeReport, inspect_nir
from eegsnn.exchange.layout import Layout
from eegsnn.exchange.model import GraphModel
from eegsnn.exchange.neuron import NIRNeuron
from eegsnn.exchange.nodes import CONVENTIONS, Convention

__all__ = [
    "CONVENTIONS",
    "Convention",
    "GraphModel",
    "GraphReport",
    "Layout",
    "NIRNeuron",
    "NodeReport",
    "decide",
    "estimator_to_nir",
    "export_to_nir",
    "from_nir",
    "import_from_nir",
    "inspect_nir",
    "network_inputs",
    "read_graph",
    "to_nir",
    "write_graph",
]
