"""The default that needs no expert: views of the trials, chosen and weighed on training data."""

from eegsnn.estimators.automatic.committee import Committee, Member
from eegsnn.estimators.automatic.fitting import (
    check_frequencies,
    fit_committee,
    plan_choice,
)
from eegsnn.estimators.automatic.judging import LabelledTrials, Tried

__all__ = [
    "Committee",
    "LabelledTrials",
    "Member",
    "Tried",
    "check_frequencies",
    "fit_committee",
    "plan_choice",
]
