"""EEGNet, the convolutional network that EEG papers compare with; needs torch and braindecode."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from eegsnn._validation import check_integer, check_number
from eegsnn.evaluation.baselines.signal import (
    Signal,
    check_extra,
    check_length,
    check_time_series,
)

# EEGNet pools by 4 and then by 8.
_SHORTEST = 32
_PREDICTION_BATCH = 256


def eegnet(
    signal: Signal,
    max_epochs: int = 100,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.0,
    *,
    seed: int = 0,
) -> EEGNetClassifier:
    """Braindecode's EEGNet-8,2 on standardised trials; extra ``eegnet``.

    Parameters
    ----------
    signal : Signal
    max_epochs : int, default 100
    batch_size : int, default 32
    learning_rate : float, default 1e-3
        Of Adam, falling to zero along half a cosine.
    weight_decay : float, default 0
        Decoupled.
    seed : int, default 0
        For initial weights, dropout and the order of trials.

    References
    ----------
    Lawhern et al. (2018), EEGNet: a compact convolutional neural network for EEG-based
    brain–computer interfaces.
    """
    name = "eegnet"
    sfreq = check_time_series(name, signal)
    check_length(name, signal, _SHORTEST, "it pools twice")
    check_extra(name, "eegnet", "torch", "braindecode.models")
    return EEGNetClassifier(
        sfreq,
        check_integer(f"{name}: max_epochs", max_epochs, low=1),
        check_integer(f"{name}: batch_size", batch_size, low=1),
        check_number(f"{name}: learning_rate", learning_rate, low=0, low_open=True),
        check_number(f"{name}: weight_decay", weight_decay, low=0),
        seed,
    )


class EEGNetClassifier(ClassifierMixin, BaseEstimator):
    """EEGNet trained with Adam on cross-entropy; each channel standardised on training trials.

    Parameters
    ----------
    sfreq : float
        Sampling rate in hertz: the first layer spans half a second.
    max_epochs, batch_size, learning_rate, weight_decay : see :func:`eegnet`
    random_state : int, default 0

    Attributes
    ----------
    classes_ : ndarray
    network_ : torch.nn.Module
    n_parameters_ : int
    macs_ : int
        Multiply-accumulates per trial, of convolutions and the linear layer.
    loss_curve_ : list of float
        Mean loss of each epoch.
    """

    def __init__(
        self,
        sfreq: float,
        max_epochs: int = 100,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        weight_decay: float = 0.0,
        random_state: int = 0,
    ) -> None:
        self.sfreq = sfreq
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray) -> EEGNetClassifier:
        """Train on labelled trials.

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times)
        y : ndarray, shape (trials,)
        """
        import torch

        self.classes_, codes = np.unique(y, return_inverse=True)
        self.mean_ = X.mean(axis=(0, 2), keepdims=True)
        deviation = X.std(axis=(0, 2), keepdims=True)
        self.deviation_ = np.where(deviation > 0, deviation, 1.0)
        inputs, labels = self._scaled(X), torch.as_tensor(codes)
        with torch.random.fork_rng(devices=[]):  # torch's own generator is left as it was
            torch.manual_seed(self.random_state)
            self._train(inputs, labels)
        self.n_parameters_ = sum(p.numel() for p in self.network_.parameters())
        self.macs_ = _multiply_accumulates(self.network_, inputs[:1])
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities, shape (trials, classes)."""
        import torch

        with torch.no_grad():
            logits = [self.network_(part) for part in self._scaled(X).split(_PREDICTION_BATCH)]
            return np.asarray(torch.cat(logits).double().softmax(dim=1))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the most probable label of each trial."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def _scaled(self, X: np.ndarray) -> Any:
        import torch

        return torch.as_tensor(((X - self.mean_) / self.deviation_).astype(np.float32))

    def _train(self, inputs: Any, labels: Any) -> None:
        import torch
        from braindecode.models import EEGNet

        self.network_ = EEGNet(
            n_chans=inputs.shape[1],
            n_outputs=len(self.classes_),
            n_times=inputs.shape[2],
            sfreq=self.sfreq,
            kernel_length=max(2, int(self.sfreq / 2)),
        )
        optimizer = torch.optim.AdamW(
            self.network_.parameters(), self.learning_rate, weight_decay=self.weight_decay
        )
        n_batches = -(-len(inputs) // self.batch_size)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            optimizer, self.max_epochs * n_batches
        )
        self.loss_curve_: list[float] = []
        self.network_.train()
        for _ in range(self.max_epochs):
            total = 0.0
            for batch in torch.randperm(len(inputs)).tensor_split(n_batches):
                optimizer.zero_grad()
                loss = torch.nn.functional.cross_entropy(
                    self.network_(inputs[batch]), labels[batch]
                )
                loss.backward()
                optimizer.step()
                schedule.step()
                total += float(loss) * len(batch)
            self.loss_curve_.append(total / len(inputs))
        self.network_.eval()


def _multiply_accumulates(network: Any, trial: Any) -> int:
    """Count the products of one trial: for each output of a layer, the weights that lead to it."""
    import torch

    counts: list[int] = []

    def count(layer: Any, inputs: Any, output: Any) -> None:
        counts.append(output.numel() * layer.weight[0].numel())

    kinds = (torch.nn.Conv2d, torch.nn.Linear)
    handles = [
        layer.register_forward_hook(count)
        for layer in network.modules()
        if isinstance(layer, kinds)
    ]
    with torch.no_grad():
        network(trial)
    for handle in handles:
        handle.remove()
    return sum(counts)
