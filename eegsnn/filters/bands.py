"""Frequency bands: what they are called, where they begin and end, and the usual sets of them."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from eegsnn._validation import check_number
from eegsnn.errors import ConfigurationError


@dataclass(frozen=True)
class FrequencyBand:
    """A named, half-open interval of frequencies, ``low ≤ f < high``.

    Parameters
    ----------
    name : str
        Used in feature names (``C3_alpha_up``), so it must not be empty.
    low : float or None
        Lower edge in Hz. None or 0: no lower edge, a low-pass.
    high : float or None
        Upper edge in Hz. None or infinity: no upper edge, a high-pass. With neither edge the band
        is everything, and no filter is applied.

    Raises
    ------
    ConfigurationError
        If an edge is negative or not a number, or the lower one is not below the upper one.

    Examples
    --------
    >>> alpha = FrequencyBand("alpha", 8, 13)
    >>> str(alpha), alpha.contains(8), alpha.contains(13)
    ('alpha (8–13 Hz)', True, False)
    """

    name: str
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ConfigurationError(
                f"bands: expected a name for every band, but got {self.name!r}."
            )
        low = _edge(f"bands: low edge of {self.name!r}", self.low)
        high = _edge(f"bands: high edge of {self.name!r}", self.high)
        low = None if low == 0 else low
        if high == 0 or (low is not None and high is not None and low >= high):
            raise ConfigurationError(
                f"bands: expected the low edge of {self.name!r} below its high edge, but got "
                f"{self.low!r} and {self.high!r} Hz."
            )
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def kind(self) -> str:
        """The filter it asks for: "bandpass", "lowpass", "highpass" or "all"."""
        if self.low is None:
            return "all" if self.high is None else "lowpass"
        return "highpass" if self.high is None else "bandpass"

    def contains(self, frequency: float) -> bool:
        """Whether `frequency` (Hz) lies in the half-open interval."""
        return (self.low or 0.0) <= frequency < (math.inf if self.high is None else self.high)

    def check_rate(self, sfreq: float) -> None:
        """Refuse a sampling rate (Hz) whose Nyquist frequency does not lie above both edges.

        Raises
        ------
        ConfigurationError
            Naming the band, the rate and the Nyquist frequency.
        """
        top = max(self.low or 0.0, self.high or 0.0)
        if top >= sfreq / 2:
            raise ConfigurationError(
                f"bands: {self} reaches the Nyquist frequency of {sfreq / 2:g} Hz at a sampling "
                f"rate of {sfreq:g} Hz. Choose a band that ends below {sfreq / 2:g} Hz, or data "
                f"sampled faster."
            )

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON: ``{"name": ..., "low": ..., "high": ...}``."""
        return {"name": self.name, "low": self.low, "high": self.high}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FrequencyBand:
        """Make the band that :meth:`to_dict` described."""
        unknown = sorted(set(values) - {"name", "low", "high"})
        if unknown or "name" not in values:
            raise ConfigurationError(
                f"bands: expected the keys name, low and high, but got {', '.join(values)}."
            )
        return cls(values["name"], values.get("low"), values.get("high"))

    def __str__(self) -> str:
        interval = {
            "bandpass": f"{self.low or 0:g}–{self.high or 0:g} Hz",
            "lowpass": f"below {self.high or 0:g} Hz",
            "highpass": f"from {self.low or 0:g} Hz",
            "all": "all frequencies",
        }[self.kind]
        return f"{self.name} ({interval})"


def _edge(name: str, value: Any) -> float | None:
    if value is None or (isinstance(value, numbers.Real) and value == math.inf):
        return None
    return check_number(name, value, low=0.0, unit="Hz")


def _bands(**edges: tuple[float | None, float | None]) -> tuple[FrequencyBand, ...]:
    return tuple(FrequencyBand(name, low, high) for name, (low, high) in edges.items())


BAND_SETS: dict[str, tuple[FrequencyBand, ...]] = {
    "standard": _bands(delta=(1, 4), theta=(4, 8), alpha=(8, 13), beta=(13, 30), gamma=(30, 45)),
    "sleep": _bands(delta=(0.5, 4), theta=(4, 8), alpha=(8, 12), sigma=(12, 16), beta=(16, 30)),
    "motor": _bands(mu=(8, 12), beta=(12, 30)),
    "filter_bank_csp": tuple(
        FrequencyBand(f"{low}-{low + 4}Hz", low, low + 4) for low in range(4, 40, 4)
    ),
    "slow": _bands(slow=(None, 1)),
    "broadband": _bands(all=(None, None)),
}
"""Named sets of bands.

"standard" stops at 45 Hz, below either mains frequency; "sleep" begins at 0.5 Hz and has the
spindles' sigma; "motor" is for motor imagery; "filter_bank_csp" has the nine 4-Hz steps from 4 to
40 Hz of Ang et al. (2008, *Filter Bank Common Spatial Pattern*); "slow" is for slow cortical
potentials; "broadband" filters nothing.
"""


def resolve_bands(spec: Any) -> tuple[FrequencyBand, ...]:
    """Turn any way of naming bands into a tuple of :class:`FrequencyBand`.

    Parameters
    ----------
    spec : None, str, FrequencyBand, mapping or list
        None: everything, unfiltered. A string: a set of :data:`BAND_SETS`, or a single band that
        occurs in one ("alpha", "mu"). A mapping: ``{"alpha": [8, 13], "slow": [0, 1]}``. A list
        of any of: bands, names of bands, pairs of edges, ``to_dict`` descriptions.

    Raises
    ------
    ConfigurationError
        If a name is unknown (the nearest is suggested) or occurs twice, or edges are impossible.

    Examples
    --------
    >>> [str(band) for band in resolve_bands({"alpha": [8, 13], "slow": [0, 1]})]
    ['alpha (8–13 Hz)', 'slow (below 1 Hz)']
    >>> [band.name for band in resolve_bands([[8, 10], "beta"])]
    ['8-10Hz', 'beta']
    """
    bands = tuple(_resolve(spec))
    if not bands:
        raise ConfigurationError("bands: expected at least one band, but got none.")
    names = [band.name for band in bands]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(f"bands: the name {name!r} is given to more than one band.")
    return bands


def _resolve(spec: Any) -> Iterable[FrequencyBand]:
    if spec is None:
        return BAND_SETS["broadband"]
    if isinstance(spec, FrequencyBand):
        return (spec,)
    if isinstance(spec, str):
        return BAND_SETS[spec] if spec in BAND_SETS else (_named_band(spec),)
    if isinstance(spec, Mapping):
        if "name" in spec:
            return (FrequencyBand.from_dict(spec),)
        return [FrequencyBand(name, *_pair(edges, name)) for name, edges in spec.items()]
    if isinstance(spec, Iterable):
        return [_resolve_item(item) for item in spec]
    raise ConfigurationError(
        f"bands: expected the name of a set ({', '.join(BAND_SETS)}), a FrequencyBand, a list or "
        f"a mapping of names to [low, high], but got {spec!r}."
    )


def _resolve_item(item: Any) -> FrequencyBand:
    if isinstance(item, FrequencyBand):
        return item
    if isinstance(item, str):
        return _named_band(item)
    if isinstance(item, Mapping):
        return FrequencyBand.from_dict(item)
    low, high = _pair(item, "a band")
    label = FrequencyBand("edges", low, high)  # validates them before they are formatted
    top = "" if label.high is None else f"{label.high:g}"
    return FrequencyBand(f"{label.low or 0:g}-{top}Hz", low, high)


def _pair(edges: Any, name: str) -> tuple[Any, Any]:
    if isinstance(edges, str) or not isinstance(edges, Iterable) or len(pair := tuple(edges)) != 2:
        raise ConfigurationError(
            f"bands: expected [low, high] in Hz for {name}, but got {edges!r}."
        )
    return pair[0], pair[1]


def _named_band(name: str) -> FrequencyBand:
    known = {band.name: band for bands in reversed(BAND_SETS.values()) for band in bands}
    if name in known:
        return known[name]
    near = get_close_matches(name, [*BAND_SETS, *known], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ConfigurationError(
        f"bands: expected a set ({', '.join(BAND_SETS)}) or a band ({', '.join(sorted(known))}), "
        f"but got {name!r}.{hint}"
    )
