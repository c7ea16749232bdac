"""Which channels of a file are no EEG, where only their names tell.

EDF, BDF and GDF know no types of channels, so that MNE takes all for EEG: eye movements, heart and
breath of a polysomnography, too. EDF+ has a label begin with the type of its signal (Kemp & Olivan,
*Clin. Neurophysiol.* 114, 2003); laboratories write much the same elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import mne

from eegsnn._warnings import warn_user
from eegsnn.errors import DataTrapWarning

# Files that hold types of their own, which somebody chose.
_TYPED = (".fif", ".fif.gz", ".xdf", ".xdfz", ".mff", ".ds", ".snirf")
_PREFIX = re.compile(r"^eeg[ _:.-]+")
_KINDS = {
    "eog": re.compile(r"(^|[^a-z])[a-z]?eog|^(loc|roc)\b|^[hv]eo[rlud]?$"),
    "ecg": re.compile(r"(^|[^a-z])(ecg|ekg)"),
    "emg": re.compile(r"(^|[^a-z])emg"),
    # Breath, blood, skin and movement; what stands beside; further inputs of BioSemi's (EXG), ANT's
    # (BIP), Brain Products' (AUX) and Nihon Kohden's (DC) amplifiers.
    "misc": re.compile(
        r"^(resp|air ?flow|flow|thor|abdo|chest|snor|etco2|sao2|spo2|osat|pulse|plet|ppg|gsr|eda"
        r"|temp\b|temperature|acc[-_ ]?[xyz]|gyro|position|hr$"
        r"|photic|light|sound|event|marker|trigger|status|battery|vns$|ibi$|bursts$|suppr$"
        r"|(exg|erg|bip|aux|dc) ?\d+$)"
    ),
}


def type_by_name(name: str) -> str | None:
    """Return the type that a channel's name tells, or None where it may well be EEG.

    Examples
    --------
    >>> [type_by_name(name) for name in ("EOG horizontal", "EEG EKG1-REF", "HEOGL", "EMG chin")]
    ['eog', 'ecg', 'eog', 'emg']
    >>> [type_by_name(name) for name in ("Resp oro-nasal", "Event marker", "EXG3", "ROC-A1")]
    ['misc', 'misc', 'misc', 'eog']
    >>> [type_by_name(name) for name in ("EEG Fpz-Cz", "T8-P8", "TP9", "E12", "Fp1")]
    [None, None, None, None, None]
    """
    plain = _PREFIX.sub("", name.strip().lower())
    return next((kind for kind, pattern in _KINDS.items() if pattern.search(plain)), None)


def set_types_by_name(
    raw: mne.io.BaseRaw | mne.BaseEpochs, suffix: str, picks: str | Sequence[str] | None
) -> None:
    """Give the channels that are no EEG by their names their types, in place.

    Parameters
    ----------
    raw : mne.io.Raw or mne.Epochs
    suffix : str
        Of the file: some formats hold types, which stay.
    picks : str, sequence of str or None
        What is to be taken of the recording; "eeg" alone leaves these channels out.

    Warns
    -----
    DataTrapWarning
        Channels are left out for that.
    """
    if suffix in _TYPED:
        return
    kinds = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
    told = {
        name: kind
        for name, was in kinds.items()
        if was == "eeg" and (kind := type_by_name(name)) is not None
    }
    if not told:
        return
    raw.set_channel_types(told, on_unit_change="ignore", verbose="error")
    if picks == "eeg":
        _tell(told, len(kinds))


def no_eeg_by_name(names: Sequence[str]) -> list[str]:
    """Return the channels of trials that are no EEG by their names, and tell; none if all were.

    Warns
    -----
    DataTrapWarning
        If there are any.
    """
    told = {name: kind for name in names if (kind := type_by_name(name)) is not None}
    if len(told) == len(names):
        return []
    if told:
        _tell(told, len(names))
    return list(told)


def _tell(told: Mapping[str, str], n_channels: int) -> None:
    said = ", ".join(f"{name} ({kind})" for name, kind in told.items())
    warn_user(
        f"{len(told)} of {n_channels} channels are no EEG by their names and left out: {said}. "
        f"Name in picks what is to be used.",
        DataTrapWarning,
    )
