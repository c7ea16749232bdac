"""``eegsnn convert``: a table becomes a recording, and what was understood is told."""

import pytest

from eegsnn.cli import main
from eegsnn.recordings import read_recording


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "S01.csv"
    rows = [f"{k / 100},{k},{k * 2},0,{'go' if k == 50 else ''}" for k in range(200)]
    path.write_text("\n".join(["time,C3,C4,x,marker", *rows]))
    return path


def test_a_table_becomes_a_recording(table, capsys):
    out = table.with_name("S01_raw.fif")
    for _ in range(2):  # a second time in place of the first
        assert main(["convert", str(table), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "2 channels (C3, C4; median standard deviation of EEG 86.6 µV), 100 Hz, 2 s" in said
    assert "events: go (1)." in said
    assert "Columns left out: x." in said
    raw = read_recording(out)
    assert raw.get_data()[1, 10] == pytest.approx(20e-6)
    assert raw.annotations.description.tolist() == ["go"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "x.csv"], "out: expected a file whose name ends in _raw.fif"),
        (["--out", "x_raw.fif", "--channels", "Z*"], "channels: expected a column"),
        (["--out", "x_raw.fif", "--sfreq", "10"], "what the times say, 100 Hz"),
    ],
)
def test_mistakes_are_one_line(table, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(table.parent)
    assert main(["convert", str(table), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list(table.parent.glob("*.fif"))
