"""Channel names as the standard montages write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import mne

from eegsnn.errors import ConfigurationError

_PREFIX = re.compile(r"^EEG[ _:.-]+", re.IGNORECASE)
# Common-reference suffixes only: "A1-Cz" is a derivation of two electrodes and stays what it is.
_SUFFIX = re.compile(r"[-_ ](Ref|LE|AR|AVG)$", re.IGNORECASE)


def standardize_channel_names(
    names: Sequence[str], montage: str = "standard_1005"
) -> dict[str, str]:
    """Map each channel name to the montage's spelling of it, where there is one.

    White space, trailing dots (PhysioNet's ``"Fc5."``), an ``"EEG "`` prefix (or ``"EEG-"``,
    ``"EEG."``, …) and a common-reference
    suffix (``"-Ref"``, ``"-LE"``, ``"-AR"``, ``"-AVG"``) are ignored, and so is the case. A name
    that the montage does not know, and a name that another channel would also get, stays as it
    was: no channel ever takes the name of another.

    Parameters
    ----------
    names : sequence of str
        Channel names of a recording.
    montage : str, default "standard_1005"
        Name of a montage that ships with MNE; the 10-05 system holds 10-20 and 10-10.

    Returns
    -------
    dict of str to str
        Old name → new name, for all `names` in their order.

    Raises
    ------
    ConfigurationError
        If MNE knows no such montage; the message lists those it knows.

    Examples
    --------
    >>> standardize_channel_names(["Fc5.", "EEG FP1-Ref", "cz", "A1-Cz", "EEG-Fz"])
    {'Fc5.': 'FC5', 'EEG FP1-Ref': 'Fp1', 'cz': 'Cz', 'A1-Cz': 'A1-Cz', 'EEG-Fz': 'Fz'}
    >>> standardize_channel_names(["C3", "c3."])
    {'C3': 'C3', 'c3.': 'c3.'}
    """
    known = _montage_names(montage)
    candidates = {name: known.get(_bare(name), name) for name in names}
    # A channel that already bears its standard name keeps it; copies of it stay apart.
    taken = {name for name, new in candidates.items() if name == new}
    wanted = [new for name, new in candidates.items() if name != new]
    return {
        name: new if name == new or (wanted.count(new) == 1 and new not in taken) else name
        for name, new in candidates.items()
    }


def apply_montage(raw: mne.io.BaseRaw, montage: str) -> None:
    """Rename the channels of `raw` to the montage's spelling and set their positions, in place."""
    mapping = standardize_channel_names(raw.ch_names, montage)
    # MNE limits no name length any more, but refuses a mapping that names absent channels.
    raw.rename_channels({old: new for old, new in mapping.items() if old != new}, verbose="error")
    raw.set_montage(montage_of(montage), match_case=False, on_missing="ignore", verbose="error")


def _bare(name: str) -> str:
    bare = _PREFIX.sub("", name.strip())
    bare = _SUFFIX.sub("", bare)
    return bare.strip(" .").lower()


def _montage_names(montage: str) -> dict[str, str]:
    return {name.lower(): name for name in montage_of(montage).ch_names}


@lru_cache(maxsize=8)
def montage_of(name: str) -> mne.channels.DigMontage:
    """Return a montage that ships with MNE, by either of its names; else ConfigurationError."""
    # MNE 1.13 renamed the "standard_…" montages to "colin27_…"; both spellings work here with
    # either MNE, because saved models and pipelines outlive a version of MNE.
    builtin = mne.channels.get_builtin_montages()
    old, new = (
        ("standard_", "colin27_") if "standard_1005" not in builtin else ("colin27_", "standard_")
    )
    spelled = name if name in builtin else name.replace(old, new, 1)
    try:
        return mne.channels.make_standard_montage(spelled)
    except ValueError as error:
        raise ConfigurationError(
            f"montage: expected None or a montage that MNE ships, such as 'standard_1005' or "
            f"'biosemi64', but got {name!r}. Known: {', '.join(builtin)}."
        ) from error
