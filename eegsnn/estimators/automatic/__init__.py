"""The default that needs no expert: views of the trials, chosen and weighed on training data."""

from eegsnn.estimators.automatic.committee import Committee, Member
from eegsnn.estimators.automatic.selection import LabelledTrials, Tried, choose
from eegsnn.estimators.automatic.views import Trials, possible_views, stimulus_frequencies

__all__ = [
    "Committee",
    "LabelledTrials",
    "Member",
    "Trials",
    "Tried",
    "choose",
    "possible_views",
    "stimulus_frequencies",
]
