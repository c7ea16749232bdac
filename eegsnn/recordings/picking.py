"""Which channels are meant: types, names in any spelling, and names that are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import mne
import numpy as np

from eegsnn.errors import RecordingError
from eegsnn.recordings.channels import standardize_channel_names

Picks = str | list[str] | None
# What stands before the name of a channel that is left out.
_NOT = "!"


def drop_left_out(recording: Any, picks: Picks, montage: str | None) -> None:
    """Drop the channels of an MNE object that `picks` leaves out altogether, in place."""
    out = left_out(recording.ch_names, picks, montage)
    if out:
        recording.drop_channels(out)


def left_out(present: Sequence[str], picks: Picks, montage: str | None) -> list[str]:
    """Return the channels that are named with a ``!`` before them."""
    marked = [picks] if isinstance(picks, str) else picks or []
    out = [word[1:] for word in marked if _is_left_out(word)]
    spelled = standardize_channel_names(out, montage) if montage else {}
    out = [name if name in present else spelled.get(name, name) for name in out]
    positions(present, out, "picks")
    if out and set(out) == set(present):
        raise RecordingError(f"picks: leaves out every channel: {', '.join(present)}.")
    return out


def leaves_out(picks: Picks) -> bool:
    """Whether any channel is named with a ``!`` before it."""
    return any(map(_is_left_out, [picks] if isinstance(picks, str) else picks or []))


def without_absent(picks: Picks, present: Sequence[str], montage: str | None) -> Picks:
    """Return `picks` without the channels to leave out that are not there anyway."""
    marked = [picks] if isinstance(picks, str) else picks or []
    out = [word[1:] for word in marked if _is_left_out(word)]
    there, spelled = set(present), {}
    if montage:
        there |= set(standardize_channel_names(list(present), montage).values())
        spelled = standardize_channel_names(out, montage)
    absent = {name for name in out if name not in there and spelled.get(name) not in there}
    if not absent:
        return picks
    if absent == set(out):
        return words_of(picks)
    return [word for word in marked if not (_is_left_out(word) and word[1:] in absent)]


def words_of(picks: Picks) -> Picks:
    """Return `picks` without the channels that are left out; EEG where nothing else is named."""
    if picks is None or not leaves_out(picks):
        return picks
    kept = [] if isinstance(picks, str) else [word for word in picks if not _is_left_out(word)]
    return kept if len(kept) > 1 else kept[0] if kept else "eeg"


def _is_left_out(word: str) -> bool:
    return word.startswith(_NOT)


def resolve_names(raw: mne.io.BaseRaw, wanted: Picks, key: str, montage: str | None) -> list[str]:
    """Names of existing channels for a type, a list of names, or None."""
    wanted = words_of(wanted)
    if wanted is None:
        return list(raw.ch_names)
    if isinstance(wanted, str):
        types = sorted(set(raw.get_channel_types()))
        if wanted not in raw.ch_names:
            try:
                # A copy of the recording would be one of all its samples.
                one = mne.EvokedArray(np.zeros((len(raw.ch_names), 1)), raw.info, verbose="error")
                return list(one.pick(wanted, verbose="error").ch_names)
            except (ValueError, TypeError) as error:
                raise RecordingError(
                    f"{key}: no channel of type or name {wanted!r} in the recording. Types "
                    f"present: {', '.join(types)}; channels: {', '.join(raw.ch_names)}."
                ) from error
        wanted = [wanted]
    kinds = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
    wanted = list(dict.fromkeys(name for word in wanted for name in expand(word, kinds)))
    spelled = standardize_channel_names(wanted, montage) if montage else {}
    names = [name if name in raw.ch_names else spelled.get(name, name) for name in wanted]
    found = positions(raw.ch_names, names, key)
    return [raw.ch_names[i] for i in found]


def expand(word: str, kinds: Mapping[str, str]) -> list[str]:
    """All channels of a type, or the word itself if it is a name (a name comes first)."""
    if word in kinds or word not in kinds.values():
        return [word]
    return [name for name, kind in kinds.items() if kind == word]


def positions(present: Sequence[str], wanted: Sequence[str], key: str) -> list[int]:
    """Return where each wanted channel is; RecordingError lists the missing and the present."""
    missing = [name for name in wanted if name not in present]
    if missing:
        raise RecordingError(
            f"{key}: channels missing from the recording: {', '.join(missing)}. Present: "
            f"{', '.join(present)}."
        )
    return [list(present).index(name) for name in wanted]
