"""Several encoders side by side: each kind of information in the code that suits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from eegsnn.encoding.encoder import EEGEncoder
from eegsnn.encoding.encoder_stream import EncoderUnionStream
from eegsnn.encoding.plan import check_steps_agree
from eegsnn.errors import ConfigurationError
from eegsnn.filters.inputs import SeriesInput


class EncoderUnion(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Join the features of several :class:`EEGEncoder`, bin by bin.

    Slow potentials are best given by their value and its changes, rhythms by their power: one
    encoder each, one network for all.

    Parameters
    ----------
    encoders : sequence of EEGEncoder
        All with the same `bin_width`.

    Attributes
    ----------
    encoders_ : list of EEGEncoder
        Fitted copies.

    Examples
    --------
    >>> union = EncoderUnion([
    ...     EEGEncoder({"slow": (None, 2)}, method="direct", bin_width=0.1),
    ...     EEGEncoder({"slow": (None, 2)}, method="delta", bin_width=0.1),
    ... ])
    >>> X = np.random.default_rng(0).normal(size=(5, 1, 500)).cumsum(axis=2)
    >>> union.fit_transform(X, sfreq=250.0, ch_names=["Cz"]).shape
    (20, 5, 3)
    >>> list(union.get_feature_names_out())
    ['Cz_slow', 'Cz_slow_up', 'Cz_slow_down']
    """

    def __init__(self, encoders: Sequence[EEGEncoder] = ()) -> None:
        self.encoders = encoders

    def check_parameters(self) -> None:
        """Validate every encoder; raises ConfigurationError naming its number."""
        if not isinstance(self.encoders, list | tuple) or not self.encoders:
            raise ConfigurationError(
                f"encoders: expected a list of at least one EEGEncoder, but got {self.encoders!r}."
            )
        for number, encoder in enumerate(self.encoders, start=1):
            if not isinstance(encoder, EEGEncoder):
                raise ConfigurationError(
                    f"encoder {number}: expected an EEGEncoder, but got {encoder!r}."
                )
            try:
                encoder.check_parameters()
            except ConfigurationError as error:
                raise ConfigurationError(f"encoder {number}: {error}") from error
        widths = sorted({float(encoder.bin_width) for encoder in self.encoders})
        if len(widths) > 1:
            raise ConfigurationError(
                f"bin_width: expected the same in all encoders, whose features are joined bin by "
                f"bin, but got {', '.join(f'{w:g}' for w in widths)} s."
            )

        steps = [check_steps_agree(encoder) for encoder in self.encoders]
        if len(set(steps)) > 1:
            raise ConfigurationError(
                f"method: expected codes with the same number of steps per bin in all encoders, "
                f"but got {', '.join('one per channel' if n < 0 else str(n) for n in steps)}."
            )

    @property
    def sfreq(self) -> float | None:
        """Sampling rate asked for by the encoders, in Hz."""
        return next((e.sfreq for e in self.encoders if e.sfreq is not None), None)

    @property
    def bin_width(self) -> float:
        """Seconds per bin, the same in all encoders."""
        return self.encoders[0].bin_width

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        ch_names: Sequence[str] | None = None,
        sfreq: float | None = None,
    ) -> EncoderUnion:
        """Fit every encoder on the same training trials; see :meth:`EEGEncoder.fit`."""
        self.check_parameters()
        self.encoders_ = [
            clone(encoder).fit(X, y, ch_names=ch_names, sfreq=sfreq) for encoder in self.encoders
        ]
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> np.ndarray:
        """Do what `fit(X, y).transform(X)` does, filtering once."""
        self.check_parameters()
        self.encoders_ = [clone(encoder) for encoder in self.encoders]
        parts = [encoder.fit_transform(X, y, **fit_params) for encoder in self.encoders_]
        return np.concatenate(parts, axis=2)

    def transform(
        self, X: Any, *, ch_names: Sequence[str] | None = None, sfreq: float | None = None
    ) -> np.ndarray:
        """Encode trials: float32 (bins, trials, features); see :meth:`EEGEncoder.transform`."""
        check_is_fitted(self)
        parts = [e.transform(X, ch_names=ch_names, sfreq=sfreq) for e in self.encoders_]
        return np.concatenate(parts, axis=2)

    def stream(self) -> EncoderUnionStream:
        """Return encoders that remember; see :meth:`EEGEncoder.stream`."""
        check_is_fitted(self)
        return EncoderUnionStream([encoder.stream() for encoder in self.encoders_])

    def n_steps(self, n_times: int) -> int:
        """Return the number of bins of a trial of `n_times` samples."""
        return getattr(self, "encoders_", self.encoders)[0].n_steps(n_times)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the features; where two encoders name one alike, the method goes in front."""
        check_is_fitted(self)
        names = [list(e.get_feature_names_out(input_features)) for e in self.encoders_]
        flat = [name for part in names for name in part]
        return np.array(
            [
                name if flat.count(name) == 1 else f"{_label(encoder)}{number}_{name}"
                for number, (encoder, part) in enumerate(zip(self.encoders_, names, strict=True), 1)
                for name in part
            ],
            dtype=object,
        )

    def get_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Everything the fitted union is, as a JSON-able dict and named arrays."""
        check_is_fitted(self)
        states = [encoder.get_state() for encoder in self.encoders_]
        arrays = {
            f"{number}.{name}": array
            for number, (_, part) in enumerate(states)
            for name, array in part.items()
        }
        return {"encoders": [config for config, _ in states]}, arrays

    @classmethod
    def from_state(
        cls, config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> EncoderUnion:
        """Make the fitted union that :meth:`get_state` described."""
        fitted = []
        for number, part in enumerate(config["encoders"]):
            prefix = f"{number}."
            own = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
            fitted.append(EEGEncoder.from_state(part, own))
        union = cls([clone(encoder) for encoder in fitted])
        union.encoders_ = fitted
        return union

    @property
    def ch_names_(self) -> list[str]:
        """Channels in the order of training."""
        return self.encoders_[0].ch_names_

    @property
    def input_(self) -> SeriesInput:
        """Channels and rate of the training data."""
        return self.encoders_[0].input_

    @property
    def sfreq_(self) -> float:
        """Sampling rate of the training data, in Hz."""
        return self.encoders_[0].sfreq_

    @property
    def n_channels_in_(self) -> int:
        """Channels of the training data."""
        return self.encoders_[0].n_channels_in_

    @property
    def n_features_out_(self) -> int:
        """Features of a bin."""
        return sum(encoder.n_features_out_ for encoder in self.encoders_)


def _label(encoder: EEGEncoder) -> str:
    """Return its method, where all bands have the same."""
    return encoder.method if isinstance(encoder.method, str) else "encoder"
