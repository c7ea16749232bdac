"""Features of whole trials: what a network is told of potentials, rhythms and channels."""

from eegsnn.features._base import TrialFeatures
from eegsnn.features.amplitude import BandPower, WindowMeans
from eegsnn.features.courses import PowerCourse
from eegsnn.features.covariance import EvokedTangentSpace, FilterBankCSP, TangentSpace
from eegsnn.features.kernels import KernelRates
from eegsnn.features.oscillation import OscillationCorrelations
from eegsnn.features.whitened import WhitenedBandPower, WhitenedWindowMeans

FEATURES: dict[str, type[TrialFeatures]] = {
    kind.__name__: kind
    for kind in (
        BandPower,
        EvokedTangentSpace,
        FilterBankCSP,
        KernelRates,
        OscillationCorrelations,
        PowerCourse,
        TangentSpace,
        WhitenedBandPower,
        WhitenedWindowMeans,
        WindowMeans,
    )
}
"""Kinds of features by name, as model files give them."""

__all__ = [
    "FEATURES",
    "BandPower",
    "EvokedTangentSpace",
    "FilterBankCSP",
    "KernelRates",
    "OscillationCorrelations",
    "PowerCourse",
    "TangentSpace",
    "TrialFeatures",
    "WhitenedBandPower",
    "WhitenedWindowMeans",
    "WindowMeans",
]
