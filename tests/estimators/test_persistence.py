from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eegsnn import __version__
from eegsnn.encoding import EEGEncoder
from eegsnn.encoding.union import EncoderUnion
from eegsnn.errors import ConfigurationError, ModelFileError
from eegsnn.estimators import (
    EEGSpikingClassifier,
    SpikingClassifier,
    load_model,
    model_files,
    save_model,
)
from eegsnn.filters import SpatialFilter
from eegsnn.surrogate import Surrogate

MakeModel = Callable[..., EEGSpikingClassifier]


@pytest.fixture
def fitted(rows: Any, quick: dict) -> SpikingClassifier:
    return SpikingClassifier(**quick | {"max_epochs": 2}).fit(rows.X, rows.y)


@pytest.fixture
def folder(fitted: SpikingClassifier, tmp_path: Path) -> Path:
    return fitted.save(tmp_path / "model")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def edit_description(folder: Path, change: Callable[[dict], None]) -> None:
    path = folder / "model.json"
    description = json.loads(path.read_text())
    change(description)
    path.write_text(json.dumps(description))


class TestRoundTrip:
    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"hidden": [8, 6], "n_networks": 2, "beta": [0.5, 0.9], "n_delays": 2},
            {"readout": "rate", "neuron": "if", "input_coding": "poisson", "n_steps": 15},
            {"readout_weights": True, "learn_beta": False, "surrogate_slope": 3.0},
            {"class_weight": {"move": 2.0}, "early_stopping": True, "dropout": 0.1},
        ],
    )
    def test_rows(self, parameters: dict, rows: Any, quick: dict, tmp_path: Path) -> None:
        model = SpikingClassifier(**quick | {"max_epochs": 6} | parameters).fit(rows.X, rows.y)
        loaded = SpikingClassifier.load(model.save(tmp_path / "model"))
        np.testing.assert_array_equal(loaded.predict_proba(rows.X), model.predict_proba(rows.X))
        np.testing.assert_array_equal(loaded.predict(rows.X), model.predict(rows.X))
        for name in ("n_iter_", "loss_curve_", "validation_scores_", "spike_rates_"):
            assert getattr(loaded, name) == getattr(model, name)

    @pytest.mark.parametrize(
        "encoder",
        [
            None,
            EEGEncoder("motor", method="delta", bin_width=0.1),
            EEGEncoder({"alpha": (8, 13)}, rate_code="poisson", bin_width=0.1, phase="causal"),
            EEGEncoder({"alpha": (8, 13)}, spatial_filter="csp", n_components=2),
            EEGEncoder({"a": (8, 13)}, spatial_filter=SpatialFilter("whitening", n_components=2)),
            EncoderUnion(
                [EEGEncoder({"a": (8, 13)}), EEGEncoder({"b": (None, 9)}, bin_width=0.05)]
            ),
        ],
        ids=["default", "delta", "poisson", "csp", "whitening", "union"],
    )
    def test_series(
        self, encoder: Any, trials: Any, epochs: Any, make_model: MakeModel, tmp_path: Path
    ) -> None:
        model = make_model(encoder=encoder, max_epochs=2)
        if encoder is None:  # its bands need trials of more samples
            model.set_params(sfreq=128.0)
            X = np.tile(trials.X, (1, 1, 2))
            model.fit(X, trials.y)
            loaded = load_model(model.save(tmp_path / "model"))
            np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
            return
        model.fit(epochs)
        loaded = load_model(model.save(tmp_path / "model"))
        assert isinstance(loaded, EEGSpikingClassifier)
        np.testing.assert_array_equal(loaded.encode(trials.X), model.encode(trials.X))
        np.testing.assert_array_equal(loaded.predict_proba(epochs), model.predict_proba(epochs))
        assert loaded.ch_names_ == model.ch_names_
        assert loaded.sfreq_ == 100.0

    @pytest.mark.parametrize(
        "labels", [[0, 1], [True, False], [0.5, 1.5], ["a", "b"], np.array(["ü", "漢"], object)]
    )
    def test_labels_of_any_kind(self, labels: Any, rows: Any, quick: dict, tmp_path: Path) -> None:
        y = np.asarray(labels)[np.arange(60) % 2]
        if y.dtype == float:
            y = y.astype(int)
        model = SpikingClassifier(**quick | {"max_epochs": 1}).fit(rows.X, y)
        loaded = load_model(model.save(tmp_path / "model"))
        assert loaded.classes_.dtype == model.classes_.dtype
        np.testing.assert_array_equal(loaded.classes_, model.classes_)

    def test_a_loaded_model_trains_on(
        self, fitted: SpikingClassifier, folder: Path, rows: Any
    ) -> None:
        loaded = load_model(folder)
        assert loaded.get_params() == fitted.get_params()
        fitted.partial_fit(rows.X, rows.y)
        loaded.partial_fit(rows.X, rows.y)
        np.testing.assert_array_equal(loaded.predict_proba(rows.X), fitted.predict_proba(rows.X))
        np.testing.assert_array_equal(
            loaded.fit(rows.X, rows.y).predict_proba(rows.X),
            fitted.fit(rows.X, rows.y).predict_proba(rows.X),
        )

    def test_a_loaded_eeg_model_warms_up_by_name(
        self, epochs: Any, make_model: MakeModel, tmp_path: Path
    ) -> None:
        model = make_model(warm_start=True, max_epochs=1).fit(epochs)
        loaded = load_model(model.save(tmp_path / "model"))
        np.testing.assert_array_equal(
            loaded.fit(epochs).predict_proba(epochs), model.fit(epochs).predict_proba(epochs)
        )

    def test_names_of_features_are_kept(self, rows: Any, quick: dict, tmp_path: Path) -> None:
        pandas = pytest.importorskip("pandas")
        X = pandas.DataFrame(rows.X, columns=list("abcd"))
        model = SpikingClassifier(**quick | {"max_epochs": 1}).fit(X, rows.y)
        loaded = load_model(model.save(tmp_path / "model"))
        assert loaded.feature_names_in_.tolist() == list("abcd")
        with pytest.raises(ValueError, match="feature names"):
            loaded.predict(X[["b", "a", "c", "d"]])

    def test_files_are_readable_and_hold_no_code(self, folder: Path) -> None:
        assert sorted(contents(folder)) == ["model.json", "weights.safetensors"]
        description = json.loads((folder / "model.json").read_text())
        assert description["format"] == "eegsnn-model"
        assert description["eegsnn"] == __version__
        assert description["classes"]["labels"] == ["move", "rest"]
        assert re.fullmatch("[0-9a-f]{64}", description["configuration_sha256"])


class TestSaving:
    def test_replaces_a_model_and_keeps_what_lies_beside_it(
        self, folder: Path, rows: Any, quick: dict
    ) -> None:
        (folder / "card.txt").write_text("kept")
        other = SpikingClassifier(**quick | {"max_epochs": 1, "hidden": (3,)}).fit(rows.X, rows.y)
        save_model(other, folder)
        assert load_model(folder).hidden == (3,)
        assert (folder / "card.txt").read_text() == "kept"
        assert [path.name for path in folder.parent.iterdir()] == ["model"]

    def test_fills_an_empty_folder(self, fitted: SpikingClassifier, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        assert load_model(fitted.save(tmp_path / "empty")).n_features_in_ == 4

    def test_makes_the_folders_above(self, fitted: SpikingClassifier, tmp_path: Path) -> None:
        assert fitted.save(str(tmp_path / "a" / "b")) == tmp_path / "a" / "b"

    def test_a_foreign_folder_or_file_is_not_overwritten(
        self, fitted: SpikingClassifier, tmp_path: Path
    ) -> None:
        (tmp_path / "thesis").mkdir()
        (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
        with pytest.raises(ModelFileError, match=r"thesis: expected a new or empty folder"):
            fitted.save(tmp_path / "thesis")
        with pytest.raises(ModelFileError, match=r"chapter1\.txt: expected a new or empty folder"):
            fitted.save(tmp_path / "thesis" / "chapter1.txt")
        assert contents(tmp_path / "thesis") == {"chapter1.txt": b"years of work"}

    @pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
    @pytest.mark.parametrize("moment", ["arrays", "description", "swap"])
    def test_a_failure_leaves_the_old_model(
        self,
        moment: str,
        error: BaseException,
        fitted: SpikingClassifier,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        before = contents(folder)
        rename = Path.rename

        def fail(*_: Any, **__: Any) -> None:
            raise error

        def fail_to_move_in(self: Path, target: Path) -> Path:
            if target == folder and "-old-" not in self.name:
                raise error
            return rename(self, target)

        if moment == "arrays":
            monkeypatch.setattr(Path, "write_bytes", fail)
        elif moment == "description":
            monkeypatch.setattr(Path, "write_text", fail)
        else:
            monkeypatch.setattr(Path, "rename", fail_to_move_in)
        with pytest.raises(type(error)):
            fitted.set_params(hidden=(3,)).save(folder)
        monkeypatch.undo()
        assert contents(folder) == before
        assert [path.name for path in folder.parent.iterdir()] == ["model"]

    def test_a_custom_surrogate_cannot_be_saved(
        self, rows: Any, quick: dict, tmp_path: Path
    ) -> None:
        custom = Surrogate("flat", 1.0, lambda u, slope, xp: xp.ones_like(u))
        model = SpikingClassifier(**quick | {"max_epochs": 1, "surrogate": custom})
        model.fit(rows.X, rows.y)
        with pytest.raises(ConfigurationError, match=r"surrogate: .*give it by name"):
            model.save(tmp_path / "model")
        assert list(tmp_path.iterdir()) == []

    def test_an_unfitted_model_cannot_be_saved(self, tmp_path: Path) -> None:
        with pytest.raises(AttributeError, match="not fitted"):
            SpikingClassifier().save(tmp_path / "model")
        assert list(tmp_path.iterdir()) == []

    def test_a_new_folder_is_as_open_as_any(
        self, fitted: SpikingClassifier, tmp_path: Path
    ) -> None:
        (tmp_path / "plain").mkdir()
        saved = fitted.save(tmp_path / "model")
        assert saved.stat().st_mode == (tmp_path / "plain").stat().st_mode


class TestRefusals:
    def test_no_such_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ModelFileError, match="nowhere: expected the folder of a saved model"):
            load_model(tmp_path / "nowhere")

    def test_a_folder_of_something_else(self, tmp_path: Path) -> None:
        with pytest.raises(ModelFileError, match=r"holds no model\.json"):
            load_model(tmp_path)

    @pytest.mark.parametrize("content", ["", "{", "[1, 2]", '{"format": "other"}', "\xff\xfe"])
    def test_a_foreign_description(self, content: str, folder: Path) -> None:
        (folder / "model.json").write_text(content, encoding="latin-1")
        with pytest.raises(ModelFileError, match=r"model\.json: (truncated|no model)"):
            load_model(folder)

    @pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
    def test_truncated_files(self, kept: float, folder: Path) -> None:
        for name, words in (
            ("weights.safetensors", "truncated or changed"),
            ("model.json", "truncated or no JSON"),
        ):
            path = folder / name
            whole = path.read_bytes()
            path.write_bytes(whole[: int(kept * len(whole))])
            with pytest.raises(ModelFileError, match=words):
                load_model(folder)
            path.write_bytes(whole)
        assert load_model(folder).n_features_in_ == 4

    def test_missing_weights(self, folder: Path) -> None:
        (folder / "weights.safetensors").unlink()
        with pytest.raises(ModelFileError, match=r"holds no weights\.safetensors"):
            load_model(folder)

    def test_weights_of_another_model(
        self, folder: Path, rows: Any, quick: dict, tmp_path: Path
    ) -> None:
        other = SpikingClassifier(**quick | {"max_epochs": 1, "random_state": 1})
        other.fit(rows.X, rows.y).save(tmp_path / "other")
        (tmp_path / "other" / "weights.safetensors").replace(folder / "weights.safetensors")
        with pytest.raises(ModelFileError, match="truncated or changed"):
            load_model(folder)

    @pytest.mark.parametrize(
        "change",
        [
            lambda d: d["parameters"].update(threshold=2.0),
            lambda d: d["classes"].update(labels=["rest", "move"]),
            lambda d: d["network"].update(n_steps=50),
            lambda d: d.update(n_features_in=5),
            lambda d: d.pop("network"),
        ],
        ids=["parameters", "labels", "steps", "features", "network"],
    )
    def test_an_edited_description(self, change: Callable[[dict], None], folder: Path) -> None:
        edit_description(folder, change)
        with pytest.raises(ModelFileError, match=r"model\.json: changed after the model was saved"):
            load_model(folder)

    @pytest.mark.parametrize(
        "change",
        [
            lambda d: d["parameters"].update(hidden=[17]),
            lambda d: d["parameters"].update(colour="blue"),
            lambda d: d["parameters"].update(beta=7.0),
            lambda d: d["network"].update(n_inputs=9),
            lambda d: d.pop("classes"),
        ],
    )
    def test_a_description_that_does_not_fit_its_arrays(
        self, change: Callable[[dict], None], folder: Path
    ) -> None:
        def change_and_sign(description: dict) -> None:
            change(description)
            description["configuration_sha256"] = model_files.configuration_hash(description)

        edit_description(folder, change_and_sign)
        with pytest.raises(ModelFileError, match=r"model\.json: damaged content"):
            load_model(folder)

    @pytest.mark.parametrize("version", [4, None, "1"])
    def test_an_unknown_version(self, version: Any, folder: Path) -> None:
        edit_description(folder, lambda d: d.update(version=version))
        with pytest.raises(ModelFileError, match=r"expected format version 3 or before, but got"):
            load_model(folder)

    def test_another_kind_of_model(self, folder: Path) -> None:
        with pytest.raises(
            ModelFileError, match="expected EEGSpikingClassifier, but it holds SpikingClassifier"
        ):
            EEGSpikingClassifier.load(folder)

    def test_an_unknown_kind_of_model(self, folder: Path) -> None:
        def change(description: dict) -> None:
            description["class"] = "os.system"
            description["configuration_sha256"] = model_files.configuration_hash(description)

        edit_description(folder, change)
        with pytest.raises(ModelFileError, match=r"unknown kind of model 'os\.system'"):
            load_model(folder)

    def test_a_file_in_place_of_the_folder(self, folder: Path) -> None:
        with pytest.raises(ModelFileError, match="expected the folder of a saved model"):
            load_model(os.fspath(folder / "model.json"))
