"""Augmentation: training trials changed in ways that do not change what they mean.

Every function is pure: inputs [T, batch, features] as the network sees them (standardised), a
strength, and the generator that all its randomness comes from. Applied to a network on the raw
signal (``architecture="eegnet"`` and its like), a feature is a channel; behind an encoder it is a
band of a channel, and a step is a bin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import mlx.core as mx
import numpy as np

from eegsnn._validation import check_choice, check_number
from eegsnn.errors import ConfigurationError

Augmentation = Callable[[mx.array, float, np.random.Generator], mx.array]
"""``augment(x, strength, generator)`` → x of the same shape."""


class Mixed(NamedTuple):
    """Trials that are mixtures: `share` of their own label, the rest of that of `partner`."""

    x: mx.array
    partner: np.ndarray
    share: np.ndarray


def time_shift(x: mx.array, strength: float, generator: np.random.Generator) -> mx.array:
    """Move each trial by up to `strength` of its length, either way; the ends are held.

    Parameters
    ----------
    x : array [T, batch, features]
    strength : float in [0, 1]
        Largest shift as a part of the trial.
    generator : numpy.random.Generator

    Returns
    -------
    array [T, batch, features]

    Examples
    --------
    >>> x = mx.arange(5.0).reshape(5, 1, 1)
    >>> time_shift(x, 0.4, np.random.default_rng(4)).reshape(-1).tolist()
    [1.0, 2.0, 3.0, 4.0, 4.0]
    """
    n_steps, batch = x.shape[:2]
    longest = int(strength * n_steps)
    shifts = generator.integers(-longest, longest, size=batch, endpoint=True)
    source = np.clip(np.arange(n_steps)[:, None] + shifts, 0, n_steps - 1)
    return mx.take_along_axis(x, mx.array(source[:, :, None]), axis=0)


def noise(x: mx.array, strength: float, generator: np.random.Generator) -> mx.array:
    """Add Gaussian noise; `strength` is its deviation, in standard deviations of the input."""
    drawn = generator.standard_normal(x.shape, dtype=np.float32)
    return x + strength * mx.array(drawn)


def scaling(x: mx.array, strength: float, generator: np.random.Generator) -> mx.array:
    """Multiply each trial by exp(`strength`·z), z normal: gains of amplifiers and days differ."""
    factors = np.exp(strength * generator.standard_normal((1, x.shape[1], 1)))
    return x * mx.array(factors, mx.float32)


def channel_dropout(x: mx.array, strength: float, generator: np.random.Generator) -> mx.array:
    """Set features of a trial to 0, their mean, for all its steps, each with this probability."""
    kept = generator.random((1, *x.shape[1:])) >= strength
    return x * mx.array(kept, mx.float32)


def spike_dropout(x: mx.array, strength: float, generator: np.random.Generator) -> mx.array:
    """Set single values to 0, each with this probability: spikes that fail."""
    kept = generator.random(x.shape, dtype=np.float32) >= strength
    return x * mx.array(kept, mx.float32)


def fourier_surrogate(x: mx.array, strength: float, generator: np.random.Generator) -> mx.array:
    """Turn the phase of every frequency at random; the power spectrum is kept.

    All features of a trial are turned alike, so that what they have in common, the cross-spectrum,
    is kept too. Good for tasks told by power (imagery, vigilance); not where the time course
    carries the class (evoked and slow potentials).

    Parameters
    ----------
    x : array [T, batch, features]
    strength : float in [0, 1]
        Turns are uniform within ± `strength`·π.
    generator : numpy.random.Generator

    Returns
    -------
    array [T, batch, features]

    References
    ----------
    Theiler et al. (1992), Testing for nonlinearity in time series: the method of surrogate data;
    Schwabedal et al. (2018), Addressing class imbalance in classification problems of noisy
    signals by using Fourier transform surrogates.
    """
    n_steps, batch = x.shape[:2]
    spectrum = mx.fft.rfft(x, axis=0)
    angles = strength * np.pi * generator.uniform(-1.0, 1.0, size=(spectrum.shape[0], batch, 1))
    angles[0] = 0.0  # these are real: a turn would take power from them
    if n_steps % 2 == 0:
        angles[-1] = 0.0
    turned = spectrum * mx.array(np.exp(1j * angles).astype(np.complex64))
    return mx.fft.irfft(turned, n=n_steps, axis=0)


def mixup(x: mx.array, strength: float, generator: np.random.Generator) -> Mixed:
    """Mix each trial with another of the batch; labels are to be mixed in the same shares.

    Parameters
    ----------
    x : array [T, batch, features]
    strength : float > 0
        Shares are drawn from Beta(strength, strength): 0.2 mixes few trials by much, 1 all evenly.
    generator : numpy.random.Generator

    Returns
    -------
    Mixed

    References
    ----------
    Zhang, Cissé, Dauphin & Lopez-Paz (2018), mixup: beyond empirical risk minimization, ICLR.
    """
    batch = x.shape[1]
    share = generator.beta(strength, strength, size=batch).astype(np.float32)
    share = np.maximum(share, 1 - share)  # a trial is mostly itself
    partner = generator.permutation(batch)
    own = mx.array(share)[None, :, None]
    return Mixed(own * x + (1 - own) * x[:, mx.array(partner)], partner, share)


AUGMENTATIONS: dict[str, tuple[Augmentation | None, float]] = {
    "time_shift": (time_shift, 1.0),
    "fourier_surrogate": (fourier_surrogate, 1.0),
    "scaling": (scaling, 2.0),
    "noise": (noise, 10.0),
    "channel_dropout": (channel_dropout, 1.0),
    "spike_dropout": (spike_dropout, 1.0),
    "mixup": (None, 10.0),
}
"""Name → function and largest strength, in the order in which they are applied."""


def check_augmentation(given: Any) -> dict[str, float]:
    """Return a mapping of names and strengths; refuses unknown names and impossible strengths.

    Raises
    ------
    ConfigurationError
        Naming the augmentation, what is allowed and what came.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"augmentation: expected None or a mapping of names to strengths, such as "
            f"{{'time_shift': 0.05}}, but got {given!r}."
        )
    checked = {}
    for name, strength in given.items():
        check_choice("augmentation", name, AUGMENTATIONS)
        high = AUGMENTATIONS[name][1]
        checked[name] = check_number(f"augmentation.{name}", strength, low=0, high=high)
    return {name: checked[name] for name in AUGMENTATIONS if checked.get(name)}


def augmented(
    x: mx.array, strengths: Mapping[str, float], generator: np.random.Generator
) -> tuple[mx.array, Mixed | None]:
    """Apply what a checked mapping names, in the order of :data:`AUGMENTATIONS`.

    Returns
    -------
    x : array [T, batch, features]
    mixed : Mixed or None
        Set where ``"mixup"`` is among them: labels have to be mixed too.
    """
    mixed = None
    for name, strength in strengths.items():
        function = AUGMENTATIONS[name][0]
        if function is not None:
            x = function(x, strength, generator)
        else:
            mixed = mixup(x, strength, generator)
            x = mixed.x
    return x, mixed
