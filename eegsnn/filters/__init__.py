"""Frequency bands and spatial filters: what lies between a recording and its spikes."""

from eegsnn.filters.alignment import ALIGNMENTS, Alignment, align, alignment_matrix
from eegsnn.filters.bands import BAND_SETS, FrequencyBand, resolve_bands
from eegsnn.filters.bank import FilterBank, FilterBankStream, apply_filter
from eegsnn.filters.design import BandFilter, design_filter
from eegsnn.filters.filtering import filter_causal, filter_zero_phase
from eegsnn.filters.spatial import SpatialFilter

__all__ = [
    "ALIGNMENTS",
    "BAND_SETS",
    "Alignment",
    "BandFilter",
    "FilterBank",
    "FilterBankStream",
    "FrequencyBand",
    "SpatialFilter",
    "align",
    "alignment_matrix",
    "apply_filter",
    "design_filter",
    "filter_causal",
    "filter_zero_phase",
    "resolve_bands",
]
