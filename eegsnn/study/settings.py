"""What a study asks for, checked before anything is read or written."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eegsnn._validation import check_choice, check_integer, check_number
from eegsnn.encoding import ENCODERS, SignalEncoder, make_encoder
from eegsnn.encoding.plan import band_methods
from eegsnn.errors import ConfigurationError
from eegsnn.filters import FrequencyBand, resolve_bands

FORMATS = ("npz", "events", "annotations", "hdf5")
"""What spikes can be written as."""
BAD = ("exclude", "blank", "include")
"""What becomes of stretches that the recording's annotations mark as BAD."""
_CURRENTS = ("direct", "repeat")
# A seed that is written down, so that a random code can be made again.
_SEED = 0


@dataclass(frozen=True)
class StudySettings:
    """How a recording is encoded.

    Parameters
    ----------
    method : str or mapping, default "level_crossing"
        A name of :data:`eegsnn.encoding.ENCODERS` that gives spikes. A mapping names one for every
        band, with its own settings where it has any, as in :class:`eegsnn.encoding.EEGEncoder`:
        ``{"theta": "sigma_delta", "alpha": {"method": "bsa", "n_taps": 9}}``.
    settings : mapping, default {}
        Values of the encoder, or of all, where they are not the defaults. A random code gets the
        seed 0 where none is given.
    bands : default "standard"
        See :func:`eegsnn.filters.resolve_bands`.
    phase : {"causal", "zero"}, default "causal"
        "causal": forward filters, streamed, memory does not grow with the recording. "zero":
        forward and backward, without delay; the whole recording is loaded, once per band.
    order : int, default 4
        Of the Butterworth filters.
    picks : str or sequence of str, default "eeg"
        Channel types or names.
    scale : float, default 1.0
        Multiplies the recording's volts, where its unit is not what the file says.
    chunk : float, default 10.0
        Seconds read at a time. Spikes do not depend on it.
    formats : sequence of str, default ("npz", "events")
        Of :data:`FORMATS`.
    bad : {"exclude", "blank", "include"}, default "exclude"
        Stretches annotated as BAD. "exclude": neither scales nor measures come from them; their
        spikes are written. "blank": nor are those. "include": as everything else. Filters and
        codes go through them in any case, for they must not begin anew after each.
    duplicates : {"error", "rename"}, default "error"
        What to do with channels of the same name: refuse, or number them.

    Raises
    ------
    ConfigurationError
        If a value is impossible; the message names it.

    Examples
    --------
    >>> StudySettings("bsa", bands=["alpha"]).band_encoders()
    [BSAEncoder()]
    """

    method: str | Mapping[str, Any] = "level_crossing"
    settings: Mapping[str, Any] = field(default_factory=dict)
    bands: Any = "standard"
    phase: str = "causal"
    order: int = 4
    picks: str | Sequence[str] | None = "eeg"
    scale: float = 1.0
    chunk: float = 10.0
    formats: Sequence[str] = ("npz", "events")
    bad: str = "exclude"
    duplicates: str = "error"

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        given = self.method.items() if isinstance(self.method, Mapping) else [("", self.method)]
        for band, value in given:
            name = value.get("method") if isinstance(value, Mapping) else value
            where = f"method of band {band}" if band else "method"
            check_choice(where, name, ENCODERS)
            if name in _CURRENTS:
                raise ConfigurationError(
                    f"{where}: {name!r} gives currents, which have no events. Choose a code that "
                    f"spikes, such as 'level_crossing'."
                )
        self.band_encoders()
        check_choice("phase", self.phase, ["causal", "zero"])
        check_integer("order", self.order, low=1, high=12)
        check_number("scale", self.scale, low=0.0, low_open=True)
        check_number("chunk", self.chunk, low=0.0, low_open=True, unit="s")
        check_choice("bad", self.bad, BAD)
        check_choice("duplicates", self.duplicates, ["error", "rename"])
        for name in self.formats:
            check_choice("formats", name, FORMATS)

    def band_methods(self) -> list[str]:
        """Return the name of every band's encoder."""
        return [name for name, _ in self._methods()]

    def band_encoders(self) -> list[SignalEncoder]:
        """Return an encoder for every band, unfitted."""
        made = []
        for name, values in self._methods():
            takes = inspect.signature(ENCODERS[name]).parameters
            if "random_state" in takes and values.get("random_state") is None:
                values = {**values, "random_state": _SEED}
            made.append(make_encoder(name, values))
        return made

    def _methods(self) -> list[tuple[str, dict[str, Any]]]:
        return band_methods(self, [band.name for band in self.resolved_bands()])

    def resolved_bands(self) -> tuple[FrequencyBand, ...]:
        """Return the bands as objects."""
        return resolve_bands(self.bands)
