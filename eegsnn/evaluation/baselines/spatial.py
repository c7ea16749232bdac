"""Common spatial patterns, in one band and in a filter bank, before a shrinkage LDA."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_selection import mutual_info_classif
from sklearn.pipeline import Pipeline, make_pipeline, make_union

from eegsnn._validation import check_integer
from eegsnn.evaluation.baselines.cost import Shape, counted_pipeline
from eegsnn.evaluation.baselines.linear import shrinkage_lda
from eegsnn.evaluation.baselines.signal import Signal, check_channels, check_edges, filter_bank
from eegsnn.evaluation.features import BandPass


def csp_lda(
    signal: Signal, low: float = 8.0, high: float = 30.0, n_components: int = 6
) -> Pipeline:
    """Shrinkage LDA on the log variances of common spatial patterns of one band.

    Parameters
    ----------
    signal : Signal
    low, high : float, default 8 and 30
        The band in hertz: mu and beta.
    n_components : int, default 6
        Spatial filters kept; as many as channels where there are fewer.

    References
    ----------
    Blankertz et al. (2008), Optimizing spatial filters for robust EEG single-trial analysis.
    """
    sfreq = check_channels("csp-lda", signal)
    low, high = check_edges("csp-lda", low, high, sfreq)
    n_components = check_integer("csp-lda: n_components", n_components, low=1)
    return counted_pipeline(
        BandPass(low, high, sfreq),
        QuietCSP(min(n_components, signal.n_channels)),
        *shrinkage_lda(),
    )


def fbcsp_lda(
    signal: Signal,
    bands: Any = "filter_bank_csp",
    n_components: int = 4,
    n_selected: int = 10,
) -> Pipeline:
    """Filter-bank CSP: log variances of CSP in every band, the most informative kept, LDA.

    Parameters
    ----------
    signal : Signal
    bands : str, dict or list, default "filter_bank_csp"
        Nine 4-Hz steps from 4 to 40 Hz, of which those are left out that the sampling rate or the
        length of a trial does not allow; or bands of one's own, which must all be possible.
    n_components : int, default 4
        Spatial filters of each band; as many as channels where there are fewer.
    n_selected : int, default 10
        Features kept, those with the largest mutual information with the label on the training
        trials.

    Notes
    -----
    More than two classes go through MNE's multi-class CSP (joint diagonalisation), not through
    one-against-rest.

    References
    ----------
    Ang et al. (2008), Filter bank common spatial pattern (FBCSP) in brain–computer interface.
    """
    name = "fbcsp-lda"
    sfreq = check_channels(name, signal)
    n_components = check_integer(f"{name}: n_components", n_components, low=1)
    n_selected = check_integer(f"{name}: n_selected", n_selected, low=1)
    patterns = make_union(
        *(
            make_pipeline(
                BandPass(low, high, sfreq), QuietCSP(min(n_components, signal.n_channels))
            )
            for low, high in filter_bank(name, signal, bands)
        )
    )
    return counted_pipeline(patterns, MostInformative(n_selected), *shrinkage_lda())


class QuietCSP(TransformerMixin, BaseEstimator):
    """MNE's CSP without its running commentary: (trials, channels, times) → log variances.

    Parameters
    ----------
    n_components : int, default 6
    """

    def __init__(self, n_components: int = 6) -> None:
        self.n_components = n_components

    def fit(self, X: np.ndarray, y: np.ndarray) -> QuietCSP:
        """Learn the spatial filters.

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times)
        y : ndarray, shape (trials,)
        """
        import mne
        from mne.decoding import CSP

        # Unit variance overall: covariances of volts would vanish beside CSP's regularisation.
        self.scale_ = float(X.std()) or 1.0
        with mne.utils.use_log_level("ERROR"):
            self.csp_ = CSP(self.n_components, reg="ledoit_wolf", log=True).fit(X / self.scale_, y)
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return log variances, shape (trials, n_components)."""
        return np.asarray(self.csp_.transform(X / self.scale_))

    def macs(self, shape: Shape) -> tuple[float, Shape]:
        """Products of the spatial filters and of the variances, per trial."""
        n_channels, n_times = shape
        return self.n_components * n_times * (n_channels + 1), (self.n_components,)


class MostInformative(TransformerMixin, BaseEstimator):
    """Keep the features that tell most about the label, each by itself.

    Parameters
    ----------
    n_features : int, default 10
        All where there are fewer.

    Attributes
    ----------
    kept_ : ndarray of int
        In their order.
    """

    def __init__(self, n_features: int = 10) -> None:
        self.n_features = n_features

    def fit(self, X: np.ndarray, y: np.ndarray) -> MostInformative:
        """Choose by the mutual information on these trials.

        Parameters
        ----------
        X : ndarray, shape (trials, features)
        y : ndarray, shape (trials,)
        """
        # The estimator adds a trace of noise against ties: the same one every time.
        information = mutual_info_classif(X, y, random_state=0)
        best = np.argsort(-information, kind="stable")[: self.n_features]
        self.kept_ = np.sort(best)
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return the columns kept, shape (trials, kept)."""
        return np.asarray(X)[:, self.kept_]

    def macs(self, shape: Shape) -> tuple[float, Shape]:
        """Nothing: what is left out is computed all the same."""
        return 0.0, (len(self.kept_),)
