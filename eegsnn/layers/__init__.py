"""Layers between neurons, and what puts layers together: explicit keys, explicit state."""

from eegsnn.layers.base import Connection, OverTime
from eegsnn.layers.connections import Conv1d, Conv2d, Linear
from eegsnn.layers.containers import Container, LayerStates, LayerTrace
from eegsnn.layers.dropout import Dropout
from eegsnn.layers.normalisation import BNTT, TdBN
from eegsnn.layers.residual import Residual
from eegsnn.layers.sequential import Sequential
from eegsnn.layers.shapes import (
    AvgPool1d,
    AvgPool2d,
    Flatten,
    MaxPool1d,
    MaxPool2d,
    SumPool1d,
    SumPool2d,
)
from eegsnn.layers.temporal import filter_over_time

__all__ = [
    "BNTT",
    "AvgPool1d",
    "AvgPool2d",
    "Connection",
    "Container",
    "Conv1d",
    "Conv2d",
    "Dropout",
    "Flatten",
    "LayerStates",
    "LayerTrace",
    "Linear",
    "MaxPool1d",
    "MaxPool2d",
    "OverTime",
    "Residual",
    "Sequential",
    "SumPool1d",
    "SumPool2d",
    "TdBN",
    "filter_over_time",
]
