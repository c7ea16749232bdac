"""From band-filtered EEG to spikes, and back where a code has an inverse."""

from eegsnn.encoding.binning import bin_means, bin_starts, bin_sums
from eegsnn.encoding.bold import BOLDEncoder, haemodynamic_response
from eegsnn.encoding.crossing import threshold_crossing
from eegsnn.encoding.decoding import DecoderStream
from eegsnn.encoding.delta import (
    integrate_spikes,
    level_crossing,
    slew_limited,
    step_forward,
    temporal_contrast,
)
from eegsnn.encoding.encoder import EEGEncoder
from eegsnn.encoding.encoder_stream import EEGEncoderStream, EncoderUnionStream
from eegsnn.encoding.event_encoders import (
    LevelCrossingEncoder,
    MovingWindowEncoder,
    SigmaDeltaEncoder,
    StepForwardEncoder,
    TemporalContrastEncoder,
    ThresholdCrossingEncoder,
)
from eegsnn.encoding.events import SpikeEvents, spike_events
from eegsnn.encoding.frames import (
    burst_code,
    burst_decode,
    latency_code,
    latency_decode,
    phase_code,
    phase_decode,
    rank_order_code,
    rank_order_decode,
)
from eegsnn.encoding.learning import ScaleLearner
from eegsnn.encoding.modulation import sigma_delta
from eegsnn.encoding.population import population_activity, population_decode, receptive_fields
from eegsnn.encoding.rate import poisson_spikes, rate_decode, regular_spikes, smoothing_kernel
from eegsnn.encoding.rate_encoders import PoissonRateEncoder, PopulationEncoder, RegularRateEncoder
from eegsnn.encoding.registry import ENCODERS, make_encoder
from eegsnn.encoding.signals import SignalEncoder
from eegsnn.encoding.spiker_encoders import BSAEncoder, HSAEncoder, ModifiedHSAEncoder
from eegsnn.encoding.spikers import spiker, spiker_decode, spiker_taps
from eegsnn.encoding.static import (
    delta_encode,
    direct_encode,
    latency_encode,
    rate_encode,
    repeat_encode,
)
from eegsnn.encoding.streaming import EncoderStream
from eegsnn.encoding.union import EncoderUnion
from eegsnn.encoding.value_encoders import (
    BurstEncoder,
    DirectEncoder,
    LatencyEncoder,
    PhaseEncoder,
    RankOrderEncoder,
    RepeatEncoder,
)
from eegsnn.encoding.window import moving_window

__all__ = [
    "ENCODERS",
    "BOLDEncoder",
    "BSAEncoder",
    "BurstEncoder",
    "DecoderStream",
    "DirectEncoder",
    "EEGEncoder",
    "EEGEncoderStream",
    "EncoderStream",
    "EncoderUnion",
    "EncoderUnionStream",
    "HSAEncoder",
    "LatencyEncoder",
    "LevelCrossingEncoder",
    "ModifiedHSAEncoder",
    "MovingWindowEncoder",
    "PhaseEncoder",
    "PoissonRateEncoder",
    "PopulationEncoder",
    "RankOrderEncoder",
    "RegularRateEncoder",
    "RepeatEncoder",
    "ScaleLearner",
    "SigmaDeltaEncoder",
    "SignalEncoder",
    "SpikeEvents",
    "StepForwardEncoder",
    "TemporalContrastEncoder",
    "ThresholdCrossingEncoder",
    "bin_means",
    "bin_starts",
    "bin_sums",
    "burst_code",
    "burst_decode",
    "delta_encode",
    "direct_encode",
    "haemodynamic_response",
    "integrate_spikes",
    "latency_code",
    "latency_decode",
    "latency_encode",
    "level_crossing",
    "make_encoder",
    "moving_window",
    "phase_code",
    "phase_decode",
    "poisson_spikes",
    "population_activity",
    "population_decode",
    "rank_order_code",
    "rank_order_decode",
    "rate_decode",
    "rate_encode",
    "receptive_fields",
    "regular_spikes",
    "repeat_encode",
    "sigma_delta",
    "slew_limited",
    "smoothing_kernel",
    "spike_events",
    "spiker",
    "spiker_decode",
    "spiker_taps",
    "step_forward",
    "temporal_contrast",
    "threshold_crossing",
]
