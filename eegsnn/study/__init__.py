"""Encode a whole recording for a study: spikes, sidecar, measures and a report, chunk by chunk."""

from eegsnn.study.run import StudyOutcome, encode_recording
from eegsnn.study.settings import StudySettings

__all__ = ["StudyOutcome", "StudySettings", "encode_recording"]
