"""What is done to a recording before it is cut: bad channels → filters → reference → resample."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mne
import numpy as np

from eegsnn._validation import check_choice, check_number, check_series
from eegsnn.errors import ConfigurationError, DataError, RecordingError
from eegsnn.recordings.channels import apply_montage, montage_of, standardize_channel_names
from eegsnn.recordings.interpolation import interpolate_bads, interpolate_trials
from eegsnn.recordings.picking import (
    drop_left_out,
    expand,
    left_out,
    positions,
    resolve_names,
    words_of,
)

# Order of the causal Butterworth sections. The zero-phase filters are MNE's default FIR designs.
_CAUSAL_ORDER = 4
# What means every channel of a data set that holds nothing but EEG.
_ALL_EEG = ["eeg", "data", "all"]


@dataclasses.dataclass(frozen=True)
class Preprocessing:
    """Steps applied to a continuous recording, in this order.

    Filters run on the continuous recording, before it is cut into trials: an epoch of two seconds
    is shorter than the response of a 1 Hz filter.

    Parameters
    ----------
    picks : str, list of str or None, default "eeg"
        A channel type ("eeg", "eog", "stim", "data", "all", …), a list of channel names and
        types, or None for all. Names may be given as the montage or as the file spells them; the
        order given is kept. ``["eeg", "!E11"]`` leaves a channel out altogether, as if it had not
        been recorded.
    montage : str or None, default "standard_1005"
        Montage whose spelling and positions the channels get where it knows them; None leaves the
        names alone.
    bads : "keep" or "interpolate", default "keep"
        What becomes of EEG channels that are marked bad, flat throughout or not finite: they are
        used as they are (and not finite ones refused), or replaced by spherical splines between
        all other EEG channels of the recording, which costs rank.
    notch : float, list of float or None, default None
        Frequencies in hertz to remove, such as ``[50, 100]`` for mains and its harmonic.
    l_freq, h_freq : float or None, default None
        Lower and upper band limit in hertz; one alone makes a high-pass or a low-pass. None by
        default, because the encoder has a filter bank of its own.
    reference : "average", list of str or None, default None
        New reference: the mean over all EEG channels of the recording that are not marked bad
        (also of those that `picks` leaves out; it costs one rank), or the mean of those named.
    resample : float or None, default None
        New sampling rate in hertz, low-pass filtered against aliasing first.
    phase : "zero" or "causal", default "zero"
        "zero": linear-phase FIR, no delay, but it looks ahead (offline analysis). "causal":
        forward Butterworth sections of order 4, for any claim about online use; they delay, and
        answer the recording's first sample with a transient that lasts about ``2 / l_freq``.
        Resampling uses a Fourier method whatever the phase: a causal pipeline should not resample.
    duplicates : "error" or "rename", default "error"
        What to do with channels of the same name in a file: refuse, or number them ("T8-P8-0",
        "T8-P8-1"), so that `picks` can leave one out.

    Raises
    ------
    ConfigurationError
        If a value is of the wrong type or impossible; the message names the parameter.

    Examples
    --------
    >>> steps = Preprocessing(notch=50, l_freq=1.0, h_freq=40.0, reference="average")
    >>> steps == Preprocessing.from_dict(steps.to_dict())
    True
    """

    picks: str | list[str] | None = "eeg"
    montage: str | None = "standard_1005"
    bads: str = "keep"
    notch: float | list[float] | None = None
    l_freq: float | None = None
    h_freq: float | None = None
    reference: str | list[str] | None = None
    resample: float | None = None
    phase: str = "zero"
    duplicates: str = "error"

    def __post_init__(self) -> None:
        """Check each field and bring it to its canonical type."""
        _set = object.__setattr__
        _set(self, "picks", _names_or_word("picks", self.picks))
        if self.montage is not None and not isinstance(self.montage, str):
            raise ConfigurationError(
                f"montage: expected a montage's name or None, but got {self.montage!r}."
            )
        _set(self, "reference", _names_or_word("reference", self.reference))
        if isinstance(self.reference, str):
            check_choice("reference", self.reference, ["average"])
        for name in ("l_freq", "h_freq", "resample"):
            value = getattr(self, name)
            if value is not None:
                _set(self, name, check_number(name, value, low=0.0, low_open=True, unit="Hz"))
        if self.notch is not None:
            several = isinstance(self.notch, list | tuple | np.ndarray)
            values = list(self.notch) if several else [self.notch]  # type: ignore[arg-type]
            checked = [check_number("notch", v, low=0.0, low_open=True, unit="Hz") for v in values]
            _set(self, "notch", checked if several else checked[0])
        if self.l_freq is not None and self.h_freq is not None and self.l_freq >= self.h_freq:
            raise ConfigurationError(
                f"l_freq: expected less than h_freq = {self.h_freq:g} Hz, but got "
                f"{self.l_freq:g} Hz. Band-stops are asked for with notch."
            )
        check_choice("bads", self.bads, ["keep", "interpolate"])
        check_choice("phase", self.phase, ["zero", "causal"])
        check_choice("duplicates", self.duplicates, ["error", "rename"])

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values that JSON and TOML can hold."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preprocessing:
        """Build from a mapping such as a pipeline's [preprocessing]; refuses unknown keys."""
        allowed = [field.name for field in dataclasses.fields(cls)]
        for key in values:
            check_choice("preprocessing key", key, allowed)
        return cls(**values)

    @property
    def filters(self) -> bool:
        """Whether a notch or a band limit is asked for."""
        return bool(self.notch) or self.l_freq is not None or self.h_freq is not None

    def check_rate(self, sfreq: float) -> None:
        """Refuse frequencies that a recording at `sfreq` hertz cannot hold.

        Raises
        ------
        ConfigurationError
            If a band limit or notch is not below half the sampling rate: both are named.
        """
        notches = self.notch if isinstance(self.notch, list) else [self.notch]
        wanted = [("l_freq", self.l_freq), ("h_freq", self.h_freq)]
        wanted += [("notch", value) for value in notches]
        for name, value in wanted:
            if value is not None and value >= sfreq / 2:
                raise ConfigurationError(
                    f"{name}: {value:g} Hz is not below the Nyquist frequency {sfreq / 2:g} Hz of "
                    f"a recording sampled at {sfreq:g} Hz. Lower it, or leave it out."
                )


def preprocess(raw: mne.io.BaseRaw, preprocessing: Preprocessing) -> mne.io.BaseRaw:
    """Apply `preprocessing` to a copy of a continuous recording.

    Parameters
    ----------
    raw : mne.io.Raw
        Continuous recording, in volts; it is left as it was.
    preprocessing : Preprocessing
        The steps.

    Returns
    -------
    mne.io.Raw
        Loaded into memory. Annotations keep their times, whatever the new sampling rate.

    Raises
    ------
    RecordingError
        If a channel of `picks` or `reference` is missing (the message lists those present), no
        channel is of the type asked for, or the recording is shorter than a filter.
    ConfigurationError
        If a frequency is not below the Nyquist frequency; the montage is unknown.
    """
    return preprocess_in_place(raw.copy().load_data(verbose="error"), preprocessing)


def preprocess_in_place(raw: mne.io.BaseRaw, preprocessing: Preprocessing) -> mne.io.BaseRaw:
    """Do what `preprocess` does to a recording in memory that nobody else needs any more."""
    sfreq = float(raw.info["sfreq"])
    preprocessing.check_rate(sfreq)
    if preprocessing.montage is not None:
        apply_montage(raw, preprocessing.montage)
    drop_left_out(raw, preprocessing.picks, preprocessing.montage)
    picks = resolve_names(raw, preprocessing.picks, "picks", preprocessing.montage)
    reference = preprocessing.reference
    if isinstance(reference, list):
        reference = resolve_names(raw, reference, "reference", preprocessing.montage)
    if preprocessing.bads == "interpolate":
        name = ", ".join(Path(file).name for file in raw.filenames[:1] if file)
        interpolate_bads(raw, picks, name=name)
    _keep(raw, picks, reference)
    if preprocessing.filters or reference is not None or preprocessing.resample is not None:
        _check_finite(raw)
    if preprocessing.filters:
        _filter(raw, preprocessing)
    if reference is not None:
        raw.set_eeg_reference(reference, projection=False, verbose="error")
    raw.pick(picks, verbose="error").reorder_channels(picks)
    if preprocessing.resample is not None and preprocessing.resample != sfreq:
        raw.resample(preprocessing.resample, verbose="error")
    return raw


def preprocess_trials(
    X: np.ndarray,
    sfreq: float,
    ch_names: Sequence[str],
    preprocessing: Preprocessing,
    *,
    name: str = "this data set",
) -> tuple[np.ndarray, float, list[str]]:
    """Apply to trials that are already cut what is honest on them: names, reference, resampling.

    Parameters
    ----------
    X : ndarray of float, shape (trials, channels, times)
        Trials.
    sfreq : float
        Sampling rate in hertz.
    ch_names : sequence of str
        Channel names. All are taken to be EEG.
    preprocessing : Preprocessing
        The steps; a notch or a band limit is refused.
    name : str
        What the trials are called in messages.

    Returns
    -------
    X : ndarray of float, shape (trials, channels, times)
    sfreq : float
    ch_names : list of str

    Raises
    ------
    ConfigurationError
        If a notch or band limit is asked for: the trials are shorter than such a filter's
        response, so it would distort their edges.
    RecordingError
        If a channel is missing.
    """
    if preprocessing.filters:
        asked = [key for key in ("notch", "l_freq", "h_freq") if getattr(preprocessing, key)]
        raise ConfigurationError(
            f"preprocessing: {' and '.join(asked)} cannot be applied to {name}, which comes cut "
            f"into trials: filters belong on the continuous recording. Ask for frequency bands "
            f"of the encoder instead."
        )
    names = [str(channel) for channel in ch_names]
    montage = preprocessing.montage
    if montage is not None:
        names = list(standardize_channel_names(names, montage).values())
    out = left_out(names, preprocessing.picks, montage)
    if np.ndim(X) == 3 and X.shape[1] == len(names):
        X = X[:, [k for k, one in enumerate(names) if one not in out]]
        names = [one for one in names if one not in out]
        if preprocessing.bads == "interpolate" and montage is not None:
            X = interpolate_trials(X, sfreq, names, montage_of(montage), name)
    X = check_series(X, ch_names=names, dtype=np.result_type(X, np.float32))
    if preprocessing.reference == "average":
        if len(names) == 1:
            raise ConfigurationError(
                f"reference: the average of the one channel {names[0]} of {name} is that channel; "
                f"nothing would be left. Use reference = None."
            )
        X = X - X.mean(axis=1, keepdims=True)
    elif isinstance(preprocessing.reference, list):
        X = X - X[:, positions(names, preprocessing.reference, "reference")].mean(1, keepdims=True)
    words = words_of(preprocessing.picks)
    if isinstance(words, str) and words not in names:
        check_choice(f"picks of {name}, which holds EEG only", words, _ALL_EEG)
    elif words is not None:
        wanted = [words] if isinstance(words, str) else words
        every = dict.fromkeys(names, "eeg")
        kept = positions(names, [one for w in wanted for one in expand(w, every)], "picks")
        X, names = X[:, kept], [names[i] for i in kept]
    new = preprocessing.resample
    if new is not None and new != sfreq:
        X = mne.filter.resample(
            X.astype(np.float64),
            up=new,
            down=sfreq,
            npad="auto",
            pad="reflect_limited",
            verbose="error",
        )
        sfreq = new
    return np.ascontiguousarray(X), float(sfreq), names


def _filter(raw: mne.io.BaseRaw, preprocessing: Preprocessing) -> None:
    causal: dict[str, Any] = {
        "method": "iir",
        "phase": "forward",
        "iir_params": {"order": _CAUSAL_ORDER, "ftype": "butter", "output": "sos"},
    }
    fir: dict[str, Any] = {"method": "fir", "phase": "zero"}
    settings = causal if preprocessing.phase == "causal" else fir
    # MNE alone would leave eyes, muscles and breath as they are; codes are no signals.
    kinds = zip(raw.ch_names, raw.get_channel_types(), strict=True)
    settings["picks"] = [name for name, kind in kinds if kind != "stim"]
    if not settings["picks"]:
        return
    # MNE only warns when the filter is longer than the signal; what follows is not a signal.
    with mne.utils.catch_logging(), warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*longer than the signal.*")
        try:
            if preprocessing.notch:
                raw.notch_filter(np.atleast_1d(preprocessing.notch), verbose="warning", **settings)
            if preprocessing.l_freq is not None or preprocessing.h_freq is not None:
                limits = (preprocessing.l_freq, preprocessing.h_freq)
                raw.filter(*limits, verbose="warning", **settings)
        except (RuntimeWarning, ValueError, RuntimeError) as error:
            raise RecordingError(
                f"The recording ({raw.times[-1]:.3g} s, {len(raw.ch_names)} channels) cannot be "
                f"filtered as asked (notch={preprocessing.notch}, l_freq={preprocessing.l_freq}, "
                f"h_freq={preprocessing.h_freq}): {error}"
            ) from error


def _check_finite(raw: mne.io.BaseRaw) -> None:
    """Refuse NaN and infinity before a filter or a reference spreads them."""
    for name in raw.ch_names:
        bad = ~np.isfinite(raw.get_data(picks=[name])[0])
        if bad.any():
            raise DataError(
                f"Channel {name} contains NaN or infinity: {int(bad.sum())} of {bad.size} samples, "
                f"the first at {raw.times[int(np.argmax(bad))]:.3f} s. bads = 'interpolate' fills "
                f"the channel in, picks = ['eeg', '!{name}'] leaves it out."
            )


def _keep(raw: mne.io.BaseRaw, picks: list[str], reference: str | list[str] | None) -> None:
    """Drop, before the work of filtering, what neither the result nor the reference needs."""
    needed = set(picks)
    if reference == "average":
        needed |= {raw.ch_names[i] for i in mne.pick_types(raw.info, meg=False, eeg=True)}
    elif reference is not None:
        needed |= set(reference)
    raw.pick([channel for channel in raw.ch_names if channel in needed], verbose="error")


def _names_or_word(key: str, value: Any) -> str | list[str] | None:
    if value is None or isinstance(value, str):
        return value
    names = list(value) if isinstance(value, list | tuple | np.ndarray) else None
    if not names or not all(isinstance(name, str) for name in names):
        raise ConfigurationError(
            f"{key}: expected a word, a list of channel names or None, but got {value!r}."
        )
    names = [str(name) for name in names]
    if len(set(names)) != len(names):
        raise DataError(f"{key}: expected each channel once, but got {', '.join(names)}.")
    return names
