"""From band-filtered EEG to spikes: rate, delta, threshold crossing, or direct current."""

from eegsnn.encoding.binning import bin_means, bin_starts, bin_sums
from eegsnn.encoding.crossing import threshold_crossing
from eegsnn.encoding.delta import level_crossing
from eegsnn.encoding.encoder import EEGEncoder
from eegsnn.encoding.rate import poisson_spikes, regular_spikes
from eegsnn.encoding.union import EncoderUnion

__all__ = [
    "EEGEncoder",
    "EncoderUnion",
    "bin_means",
    "bin_starts",
    "bin_sums",
    "level_crossing",
    "poisson_spikes",
    "regular_spikes",
    "threshold_crossing",
]
