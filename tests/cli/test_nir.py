"""``eegsnn nir``."""

import nir
import numpy as np
import pytest

from eegsnn.cli import main
from eegsnn.estimators import SpikingClassifier


@pytest.fixture
def model(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3))
    fitted = SpikingClassifier((4,), max_epochs=1, random_state=0).fit(X, np.repeat([0, 1], 10))
    return fitted.save(tmp_path / "model")


def test_export_inspect_check(model, tmp_path, capsys):
    out = str(tmp_path / "model.nir")
    assert main(["nir", "export", str(model), out, "--dt", "0.01"]) == 0
    assert "6 nodes, 0.01 s per step" in capsys.readouterr().out
    assert main(["nir", "inspect", out]) == 0
    shown = capsys.readouterr().out
    assert "● hidden1_neurons  LIF (4,)" in shown
    assert "dt: 0.01" in shown
    assert main(["nir", "check", out]) == 0
    assert "6 of 6 nodes" in capsys.readouterr().out


def test_check_of_a_foreign_file(tmp_path, capsys):
    one = np.ones(2)
    path = str(tmp_path / "foreign.nir")
    nir.write(path, nir.NIRGraph.from_list(nir.LIF(0.01 * one, one, 0 * one, one)))
    assert main(["nir", "check", path]) == 2
    assert "needs dt" in capsys.readouterr().out
    assert main(["nir", "check", path, "--dt", "0.02"]) == 2
    assert "at least dt" in capsys.readouterr().out
    assert main(["nir", "check", path, "--dt", "0.001"]) == 0
    assert main(["nir", "inspect", path]) == 0
    assert "give --dt" in capsys.readouterr().out


def test_mistakes_are_one_line(model, tmp_path, capsys):
    for arguments in (
        ["inspect", str(tmp_path / "none.nir")],
        ["export", str(model), str(tmp_path / "a.nir")],
        ["check", str(tmp_path / "none.nir"), "--convention", "snntorc"],
    ):
        assert main(["nir", *arguments]) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1
