from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mne
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from eegsnn.encoding import EEGEncoder
from eegsnn.encoding.union import EncoderUnion
from eegsnn.errors import ConfigurationError, DataError, EegsnnError
from eegsnn.estimators import EEGSpikingClassifier, SpikingClassifier

MakeModel = Callable[..., EEGSpikingClassifier]
MakeEpochs = Callable[..., mne.EpochsArray]


class TestLearning:
    @pytest.mark.parametrize("method", ["rate", "delta", "threshold", "direct"])
    def test_every_code(self, method: str, trials: Any, make_model: MakeModel) -> None:
        model = make_model(max_epochs=15)
        model.set_params(encoder__method=method)
        assert model.fit(trials.X, trials.y).score(trials.X, trials.y) > 0.9

    def test_several_encoders(self, trials: Any, make_model: MakeModel) -> None:
        union = EncoderUnion(
            [
                EEGEncoder({"alpha": (8, 13)}, feature="envelope", bin_width=0.1),
                EEGEncoder({"slow": (None, 4)}, method="direct", bin_width=0.1),
            ]
        )
        model = make_model(encoder=union).fit(trials.X, trials.y)
        assert model.score(trials.X, trials.y) > 0.9
        assert model.encode(trials.X).shape == (10, 24, 6)

    def test_rows_go_straight_to_the_network(self, rows: Any, quick: dict) -> None:
        model = EEGSpikingClassifier(**quick).fit(rows.X, rows.y)
        plain = SpikingClassifier(**quick).fit(rows.X, rows.y)
        np.testing.assert_array_equal(model.predict_proba(rows.X), plain.predict_proba(rows.X))
        assert model.encoder_ is None
        for name in ("ch_names_", "sfreq_"):
            with pytest.raises(AttributeError, match="trained on rows"):
                getattr(model, name)

    def test_what_the_network_sees(self, trials: Any, make_model: MakeModel) -> None:
        model = make_model().fit(trials.X, trials.y)
        encoded = model.encode(trials.X)
        assert (encoded.shape, encoded.dtype) == ((10, 24, 3), np.float32)
        np.testing.assert_array_equal(encoded, model.encoder_.transform(trials.X))
        assert model.hidden_spikes(trials.X).shape == (10, 24, 16)

    def test_the_given_encoder_stays_unfitted(self, trials: Any, make_model: MakeModel) -> None:
        model = make_model().fit(trials.X, trials.y)
        assert model.encoder_ is not model.encoder
        assert not hasattr(model.encoder, "scales_")

    def test_units_do_not_matter(self, trials: Any, make_model: MakeModel) -> None:
        volts = make_model().fit(trials.X, trials.y)
        microvolts = make_model().fit(1e6 * trials.X, trials.y)
        np.testing.assert_allclose(volts.encode(trials.X), microvolts.encode(1e6 * trials.X))
        np.testing.assert_allclose(
            volts.predict_proba(trials.X), microvolts.predict_proba(1e6 * trials.X), atol=1e-4
        )

    def test_the_default_encoder(self, trials: Any, quick: dict) -> None:
        X = np.tile(trials.X, (1, 1, 2))  # long enough for a cycle of delta
        model = EEGSpikingClassifier(sfreq=128.0, **quick | {"max_epochs": 2}).fit(X, trials.y)
        assert model.predict(X).shape == (24,)

    def test_repetition_is_weight_and_order_is_nothing(
        self, trials: Any, make_model: MakeModel
    ) -> None:
        weights = np.arange(24) % 3
        weighted = make_model().fit(trials.X, trials.y, sample_weight=weights)
        chosen = np.random.default_rng(0).permutation(np.repeat(np.arange(24), weights))
        repeated = make_model().fit(trials.X[chosen], trials.y[chosen])
        np.testing.assert_array_equal(
            weighted.predict_proba(trials.X), repeated.predict_proba(trials.X)
        )

    def test_a_trial_alone_is_predicted_as_among_others(
        self, trials: Any, make_model: MakeModel
    ) -> None:
        model = make_model().fit(trials.X, trials.y)
        together = model.predict_proba(trials.X)
        for trial in (0, 11, 23):
            np.testing.assert_array_equal(
                model.predict_proba(trials.X[trial : trial + 1])[0], together[trial]
            )


class TestEpochs:
    def test_equal_arrays(
        self, trials: Any, epochs: Any, ch_names: list[str], make_model: MakeModel
    ) -> None:
        from_epochs = make_model(sfreq=None).fit(epochs)
        from_array = make_model().fit(trials.X, trials.y)
        assert from_epochs.classes_.tolist() == ["left", "right"]
        assert from_epochs.ch_names_ == ch_names
        assert from_epochs.sfreq_ == 100.0
        expected = from_array.predict_proba(trials.X)
        np.testing.assert_allclose(from_epochs.predict_proba(epochs), expected, atol=1e-6)
        np.testing.assert_allclose(from_epochs.predict_proba(trials.X), expected, atol=1e-6)
        assert from_epochs.score(epochs, trials.y) > 0.9

    def test_labels_may_be_given(self, epochs: Any, make_model: MakeModel) -> None:
        model = make_model().fit(epochs, np.arange(24) % 2)
        assert model.classes_.tolist() == [0, 1]

    @pytest.mark.parametrize("settings", [{"architecture": "feedforward", "max_epochs": 2}, {}])
    def test_scikit_learn_divides_them(self, trials: Any, epochs: Any, settings: dict) -> None:
        """It hands over a list of Epochs of one trial each."""
        model = EEGSpikingClassifier(random_state=0, **settings)
        of_epochs = cross_val_score(model, epochs, trials.y, cv=2)
        of_arrays = cross_val_score(clone(model).set_params(sfreq=100.0), trials.X, trials.y, cv=2)
        np.testing.assert_allclose(of_epochs, of_arrays)

    def test_a_recording_that_is_not_cut_is_refused(self, epochs: Any) -> None:
        raw = mne.io.RawArray(np.zeros((3, 500)), epochs.info, verbose="error")
        with pytest.raises(DataError, match=r"but got RawArray.*make_epochs"):
            EEGSpikingClassifier().fit(raw)

    @pytest.mark.parametrize("order", [["C4", "C3", "Cz"], ["Cz", "C4", "C3"]])
    def test_channels_in_another_order_are_matched_by_name(
        self, order: list[str], trials: Any, make_epochs: MakeEpochs, make_model: MakeModel
    ) -> None:
        model = make_model().fit(make_epochs(trials))
        expected = model.predict_proba(make_epochs(trials))
        got = model.predict_proba(make_epochs(trials, order))
        np.testing.assert_array_equal(got, expected)

    def test_arrays_with_names_are_matched_too(
        self, trials: Any, ch_names: list[str], make_epochs: MakeEpochs, make_model: MakeModel
    ) -> None:
        model = make_model().fit(trials.X, trials.y, ch_names=ch_names)
        got = model.predict_proba(make_epochs(trials, ["C4", "Cz", "C3"]))
        np.testing.assert_allclose(got, model.predict_proba(trials.X), atol=1e-6)

    def test_channels_beyond_those_of_training_are_left_out(
        self, trials: Any, make_epochs: MakeEpochs, make_model: MakeModel
    ) -> None:
        model = make_model().fit(make_epochs(trials, ["C3", "C4"]))
        assert model.predict_proba(make_epochs(trials)).shape == (24, 2)
        np.testing.assert_array_equal(
            model.predict_proba(make_epochs(trials)),
            model.predict_proba(make_epochs(trials, ["C3", "C4"])),
        )

    def test_a_missing_channel_is_named(
        self, trials: Any, make_epochs: MakeEpochs, make_model: MakeModel
    ) -> None:
        model = make_model().fit(make_epochs(trials))
        with pytest.raises(DataError, match=r"missing from the data: C4\. Present: C3, Cz"):
            model.predict(make_epochs(trials, ["C3", "Cz"]))

    def test_another_rate_is_refused(
        self, trials: Any, make_epochs: MakeEpochs, make_model: MakeModel
    ) -> None:
        model = make_model().fit(make_epochs(trials))
        with pytest.raises(DataError, match=r"fitted at 100 Hz.*sampled at 200 Hz.*resample"):
            model.predict(make_epochs(trials, sfreq=200.0))
        with pytest.raises(DataError, match=r"100 Hz.*200 Hz"):
            make_model().fit(make_epochs(trials, sfreq=200.0))

    def test_rejected_epochs_leave_with_their_labels(
        self, trials: Any, make_model: MakeModel
    ) -> None:
        continuous = np.concatenate(list(trials.X), axis=1)
        continuous[0, 550] = 1.0  # an artefact in trial 5
        raw = mne.io.RawArray(
            continuous, mne.create_info(["C3", "Cz", "C4"], 100.0, "eeg"), verbose="error"
        )
        codes = np.where(trials.y == "left", 1, 2)
        events = np.column_stack([np.arange(24) * 100, np.zeros_like(codes), codes])
        epochs = mne.Epochs(
            raw,
            events,
            {"left": 1, "right": 2},
            tmin=0,
            tmax=0.99,
            baseline=None,
            reject={"eeg": 1e-3},
            preload=False,
            verbose="error",
        )
        model = make_model().fit(epochs)
        assert len(model.predict(epochs)) == 23
        assert model.score(epochs, np.delete(trials.y, 5)) > 0.9

    def test_bad_channels_are_not_used(self, epochs: Any, make_model: MakeModel) -> None:
        epochs.info["bads"] = ["Cz"]
        assert make_model().fit(epochs).ch_names_ == ["C3", "C4"]

    def test_epochs_for_a_model_of_rows_are_refused(
        self, rows: Any, epochs: Any, quick: dict
    ) -> None:
        model = EEGSpikingClassifier(**quick).fit(rows.X, rows.y)
        with pytest.raises(DataError, match=r"trained on rows of features, but got mne\.Epochs"):
            model.predict(epochs)


class TestGoingOn:
    @pytest.mark.parametrize("way", ["partial_fit", "warm_start"])
    def test_later_epochs_are_matched_by_name(
        self, way: str, trials: Any, make_epochs: MakeEpochs, make_model: MakeModel
    ) -> None:
        def twice(order: list[str]) -> np.ndarray:
            model = make_model(warm_start=True, max_epochs=2)
            train = model.fit if way == "warm_start" else model.partial_fit
            train(make_epochs(trials))
            train(make_epochs(trials, order))
            return model.predict_proba(make_epochs(trials))

        np.testing.assert_array_equal(twice(["C4", "Cz", "C3"]), twice(["C3", "Cz", "C4"]))

    @pytest.mark.parametrize("way", ["partial_fit", "warm_start"])
    def test_later_epochs_of_another_rate_are_refused(
        self, way: str, trials: Any, make_epochs: MakeEpochs, make_model: MakeModel
    ) -> None:
        model = make_model(warm_start=True, max_epochs=2, sfreq=None)
        train = model.fit if way == "warm_start" else model.partial_fit
        train(make_epochs(trials))
        with pytest.raises(DataError, match=r"100 Hz.*200 Hz"):
            train(make_epochs(trials, sfreq=200.0))
        with pytest.raises(DataError, match="missing from the data: C4"):
            train(make_epochs(trials, ["C3", "Cz"]))

    def test_partial_fits_learn(self, trials: Any, make_model: MakeModel) -> None:
        model = make_model()
        for _ in range(10):
            model.partial_fit(trials.X, trials.y)
        assert model.score(trials.X, trials.y) > 0.9

    def test_the_encoder_of_the_first_call_is_kept(
        self, trials: Any, make_model: MakeModel
    ) -> None:
        model = make_model().partial_fit(trials.X, trials.y)
        encoded = model.encode(trials.X)
        model.partial_fit(10 * trials.X, trials.y)
        np.testing.assert_array_equal(model.encode(trials.X), encoded)

    def test_a_failed_fit_keeps_the_old_model_whole(
        self, trials: Any, ch_names: list[str], make_model: MakeModel
    ) -> None:
        model = make_model().fit(trials.X, trials.y)
        before = model.predict_proba(trials.X)
        # Found out only after the new encoder has been fitted.
        groups = np.zeros(24)
        model.set_params(early_stopping=True, encoder__method="direct")
        with pytest.raises(DataError, match="no group"):
            model.fit(trials.X[:, :2], trials.y, groups=groups, ch_names=ch_names[:2])
        assert model.encoder_.method == "rate"
        np.testing.assert_array_equal(model.predict_proba(trials.X), before)


class TestRefusals:
    def test_samples_that_are_not_finite_are_located_by_name(
        self, trials: Any, epochs: Any, ch_names: list[str], make_model: MakeModel
    ) -> None:
        model = make_model().fit(epochs)
        X = trials.X.copy()
        X[7, 2, 3] = np.nan
        bad_epochs = epochs.copy()
        bad_epochs._data[7, 2, 3] = np.nan
        for call in (
            lambda: make_model().fit(X, trials.y, ch_names=ch_names),
            lambda: make_model().partial_fit(X, trials.y, ch_names=ch_names),
            lambda: make_model().fit(bad_epochs),
            lambda: model.predict(X),
            lambda: model.predict(bad_epochs),
            lambda: model.encode(X),
        ):
            with pytest.raises(DataError, match=r"trial 7, channel 2 \(C4\)"):
                call()

    def test_another_number_of_channels(self, trials: Any, make_model: MakeModel) -> None:
        model = make_model().fit(trials.X, trials.y)
        with pytest.raises(DataError, match="expected 3 channels, as in training, but got 2"):
            model.predict(trials.X[:, :2])

    def test_flat_channels(self, trials: Any, ch_names: list[str], make_model: MakeModel) -> None:
        X = trials.X.copy()
        X[:, 1] = 1e-6
        with pytest.raises(DataError, match=r"Flat channel.*Cz"):
            make_model().fit(X, trials.y, ch_names=ch_names)

    def test_duplicate_channel_names(self, trials: Any, make_model: MakeModel) -> None:
        with pytest.raises(DataError, match=r"unique.*C3"):
            make_model().fit(trials.X, trials.y, ch_names=["C3", "Cz", "C3"])

    def test_one_class_only(self, trials: Any, make_model: MakeModel) -> None:
        with pytest.raises(DataError, match="at least two classes"):
            make_model().fit(trials.X, ["left"] * 24)

    def test_a_band_beyond_nyquist(self, trials: Any, make_model: MakeModel) -> None:
        model = make_model(encoder=EEGEncoder({"gamma": (30, 80)}, bin_width=0.1))
        with pytest.raises(ConfigurationError, match=r"gamma.*(50|100) Hz"):
            model.fit(trials.X, trials.y)

    def test_trials_shorter_than_a_bin_or_a_cycle(self, trials: Any, make_model: MakeModel) -> None:
        wide = make_model(encoder=EEGEncoder({"alpha": (8, 13)}, bin_width=2.0))
        with pytest.raises(EegsnnError, match=r"bin"):
            wide.fit(trials.X, trials.y)
        slow = make_model(encoder=EEGEncoder({"theta": (4, 8)}, bin_width=0.05))
        with pytest.raises(DataError, match="theta"):
            slow.fit(trials.X[:, :, :8], trials.y)
        slow.fit(trials.X, trials.y)
        with pytest.raises(DataError, match="theta"):
            slow.predict(trials.X[:, :, :8])

    def test_an_unknown_rate(self, trials: Any, make_model: MakeModel) -> None:
        with pytest.raises(ConfigurationError, match=r"sfreq: .*not known.*sfreq=…"):
            make_model(sfreq=None).fit(trials.X, trials.y)

    def test_two_rates_that_differ(self, trials: Any, make_model: MakeModel) -> None:
        model = make_model(encoder=EEGEncoder({"alpha": (8, 13)}, sfreq=250.0))
        with pytest.raises(DataError, match=r"250 Hz.*100 Hz"):
            model.fit(trials.X, trials.y)

    @pytest.mark.parametrize(
        ("parameters", "words"),
        [
            ({"sfreq": 0.0}, "^sfreq: expected"),
            ({"encoder": "rate"}, "^encoder: expected an EEGEncoder or EncoderUnion"),
            ({"encoder": EEGEncoder(method="smell")}, "method"),
            ({"encoder": EncoderUnion([])}, "^encoders: expected a list of at least one"),
            ({"encoder": EncoderUnion([EEGEncoder(), "x"])}, "^encoder 2: expected an EEGEncoder"),
            ({"hidden": 0}, "^hidden: expected"),
        ],
    )
    def test_impossible_parameters(
        self, parameters: dict, words: str, trials: Any, make_model: MakeModel
    ) -> None:
        model = make_model(**parameters)
        with pytest.raises(ConfigurationError, match=words):
            model.check_parameters()
        with pytest.raises(ConfigurationError, match=words):
            model.fit(trials.X, trials.y)

    def test_use_before_a_fit(self, trials: Any, make_model: MakeModel) -> None:
        model = make_model()
        for use in (model.predict, model.encode, model.hidden_spikes):
            with pytest.raises(AttributeError, match="not fitted yet"):
                use(trials.X)
        assert not hasattr(clone(model), "ch_names_")
