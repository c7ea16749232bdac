"""Reports hold their sections, escape what others wrote, and need nothing from elsewhere."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from eegsnn.evaluation import ExperimentResult, RunRecord, score_predictions
from eegsnn.reports import (
    Example,
    Look,
    Report,
    load_examples,
    render_report,
    replace_contents,
    save_examples,
    to_csv,
)
from eegsnn.reports.looking import Selectivity, SpatialMaps

EVIL = '<script>alert("x")</script>'


def make_run(model, kind, seed, right, fold="official", n=20):
    truth = np.arange(n) % 2
    label = np.where(np.arange(n) < right, truth, 1 - truth)
    score = np.eye(2)[label] * 0.8 + 0.1
    scores = score_predictions(truth, label, score, classes=[0, 1])
    return RunRecord(
        model,
        kind,
        fold,
        seed,
        40,
        n,
        scores,
        scores,
        1.5,
        0.01,
        {
            "trial": list(range(n)),
            "truth": truth.tolist(),
            "label": label.tolist(),
            "score": score.tolist(),
        },
        spike_rates={"hidden1": 0.12} if kind == "spiking" else {},
        history={"loss": [0.7, 0.5]} if kind == "spiking" else {},
    )


def make_result(ours=(17, 18), theirs=19, leaky=(), model="spiking network"):
    runs = [make_run(model, "spiking", seed, right) for seed, right in enumerate(ours)]
    if theirs is not None:
        runs.append(make_run("lda-windows", "baseline", None, theirs))
    return ExperimentResult(
        "Generated",
        ["left", "right"],
        {"kind": "official", "group": None, "leaky": list(leaky), "notes": ["A note."]},
        [{"name": "official", "n_train": 40, "n_test": 20}],
        [0, 1],
        0.5,
        20,
        runs,
        {"data": "da" * 32, "code": {"source": "50" * 32}},
    )


def make_report(**changes):
    spikes = np.random.default_rng(0).random((12, 6)) < 0.3
    examples = [
        Example(3, "left", "left", "official", spikes[:, :4] * 1.0, spikes, ["a", "b", "c", "d"]),
        Example(4, "right", "left", "official", spikes[:, 1:5] * 1.0, spikes),
    ]
    settings = {
        "title": "A title",
        "result": make_result(),
        "configuration": 'title = "A title"',
        "description": "What it is.",
        "data": {"trials": "60"},
        "traps": ["Beware of this."],
        "causality": "The bands are zero-phase.",
        "provenance": {"sha256": {"a.edf": "ab" * 32}},
        "versions": {"mlx": "9.9"},
        "model_note": "Trained on all.",
        "examples": examples,
        "step": 0.1,
        "warnings": ["Layer hidden1 hardly spikes."],
        "command": "eegsnn run it",
    }
    return Report(**{**settings, **changes})


class Outline(HTMLParser):
    """Checks nesting, and collects what a page loads."""

    void = {"meta", "link", "br", "img", "path", "use", "rect", "image"}  # noqa: RUF012

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.sections, self.tags = [], [], [], []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append(tag)
        if tag == "section":
            self.sections.append(values.get("id"))
        for name in ("src", "href", "xlink:href", "data"):
            if name in values and not values[name].startswith(("#", "data:")):
                self.loads.append(values[name])
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.void:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in self.void:
            return
        assert self.open.pop() == tag


def outline(page):
    parser = Outline()
    parser.feed(page)
    assert parser.open == []
    return parser


def text_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page).replace("&nbsp;", " "))


@pytest.fixture(scope="module")
def page():
    """The report of `make_report`, drawn once."""
    return render_report(make_report())


def test_report_has_its_sections_and_loads_nothing(page):
    found = outline(page)
    assert found.sections == [
        "result",
        "models",
        "comparison",
        "protocol",
        "folds",
        "learning",
        "confusion",
        "calibration",
        "rasters",
        "rates",
        "data",
        "again",
    ]
    assert found.loads == []
    assert "script" not in found.tags
    assert found.tags.count("svg") == 7


def test_what_is_known_of_a_model_has_its_section(undrawn):
    rng = np.random.default_rng(0)
    names = ["Fz", "C3", "Cz", "C4", "Pz", "Oz"]
    look = Look(
        SpatialMaps(["filter 1", "filter 2"], *rng.normal(size=(2, 2, 6)), names),
        Selectivity(rng.normal(size=(5, 6, 4)), np.array([2.0, 8.0, 16.0, 32.0]), names),
    )
    result = make_result()
    for run in result.runs:
        spiking = run.kind == "spiking"
        run.operations = {
            "synaptic_operations": 3000.0 * spiking,
            "multiply_accumulates": 500.0 if spiking else 90000.0,
            "energy_nj": 5.0 if spiking else 414.0,
            "parameters": 640.0,
        }
        run.selection = [{"name": "theta", "score": 0.8, "seconds": 1.0, "chosen": spiking}]
    sizes = [{"model": "lda", "n_train": n, "accuracy": 0.6 + n / 200} for n in (10, 20, 40)]
    page = render_report(make_report(result=result, look=look, sizes=sizes, examples=[]))
    found, text = outline(page), text_of(page)
    assert {"cost", "maps", "selectivity"} <= set(found.sections)
    assert found.loads == []
    for phrase in ("3 k", "90 k", "414", "0.9 pJ", "theta (2 of 2 runs)", "Haufe et al. 2014"):
        assert phrase in text, phrase


def test_long_tables_are_folded(page, undrawn):
    result = make_result()
    result.folds = [{"name": f"S{k}", "n_train": 40, "n_test": 20} for k in range(14)]
    result.runs = [
        make_run(model, kind, seed, 15, fold=fold["name"])
        for model, kind, seed in (("spiking network", "spiking", 0), ("lda", "baseline", None))
        for fold in result.folds
    ]
    for number, run in enumerate(result.runs):
        run.predictions["trial"] = [20 * (number % 14) + k for k in range(20)]
    assert "By fold (14)" in render_report(make_report(result=result, examples=[]))
    assert "By fold" not in page


def test_data_are_named_once_and_many_hashes_are_folded(page, undrawn):
    assert "<details open><summary>SHA-256 of the files (1)" in page
    hashes = {f"{k}.edf": "ab" * 32 for k in range(20)}
    provenance = {"dataset": "Generated", "reader": "edf", "sha256": hashes}
    data = {"data set": "Generated", "trials": "60"}
    many = render_report(make_report(data=data, provenance=provenance, examples=[]))
    assert "<details><summary>SHA-256 of the files (20)" in many
    assert "<dt>dataset</dt>" not in many
    assert "<dt>reader</dt>" in many


def test_parameters_have_a_column_where_a_model_tells_them(undrawn):
    result = make_result()
    for known in (False, True):
        for run in result.runs:
            run.operations = {"synaptic_operations": 3.0, "multiply_accumulates": 5.0}
            run.operations |= {"energy_nj": 5.0} | ({"parameters": 640.0} if known else {})
        shown = render_report(make_report(result=result, examples=[]))
        assert ("<th>parameters</th>" in shown) is known


def test_report_says_what_a_reader_must_know(page):
    text = text_of(page)
    for phrase in (
        "87.5",
        "from 85.0",
        "does not beat the best baseline, lda-windows",
        "chance",
        "A note.",
        "Beware of this.",
        "Layer hidden1 hardly spikes.",
        "zero-phase",
        "0.1200",
        "ab" * 32,
        "9.9",
        "da" * 32,
        "seeds 0, 1",
        "eegsnn run it",
        "Trained on all.",
    ):
        assert phrase in text, phrase


def test_what_is_leaky_or_saw_test_trials_is_marked(undrawn):
    result = make_result(leaky=["same subject on both sides"])
    result.protocol["transductive"] = ["alignment uses the test recording"]
    page = render_report(make_report(result=result, examples=[]))
    found, text = outline(page), text_of(page)
    assert found.sections[0] == "leaky"
    assert page.count("same subject on both sides") >= 3
    assert "transductive alignment uses the test recording" in text
    assert "No step is transductive" not in text


def test_a_report_without_examples_rates_or_baselines(undrawn):
    result = make_result(theirs=None)
    for run in result.runs:
        run.history, run.spike_rates = {}, {}
    found = outline(render_report(make_report(result=result, examples=[])))
    absent = {"comparison", "learning", "cost", "maps", "selectivity", "rasters", "rates", "card"}
    assert not absent & set(found.sections)


def test_what_others_wrote_is_escaped():
    result = make_result(leaky=[EVIL], model=EVIL)
    result.dataset, result.classes = EVIL, [EVIL, "right"]
    result.folds[0]["name"] = EVIL
    result.protocol |= {"notes": [EVIL], "group": EVIL, "transductive": [EVIL]}
    for run in result.runs:
        run.fold = EVIL
        run.spike_rates = {EVIL: 0.1}
        run.selection = [{"name": EVIL, "score": None, "seconds": None, "chosen": True}]
    page = render_report(
        Report(
            title=EVIL,
            description=EVIL,
            result=result,
            configuration=EVIL,
            data={EVIL: EVIL},
            traps=[EVIL],
            causality=EVIL,
            provenance={"sha256": {EVIL: EVIL}, EVIL: EVIL},
            versions={EVIL: EVIL},
            model_note=EVIL,
            examples=[Example(0, EVIL, EVIL, EVIL, None, np.eye(4, dtype=bool))],
            warnings=[EVIL],
            command=EVIL,
            look=Look(SpatialMaps([EVIL], *np.ones((2, 1, 5)), ["Fz", "Cz", "C3", "C4", "Pz"])),
            sizes=[{"model": EVIL, "n_train": 3, "accuracy": 0.5}],
        )
    )
    assert page.count("&lt;script&gt;") > 20
    assert "<script" not in page
    assert "script" not in outline(page).tags


def test_examples_survive_saving(tmp_path):
    examples = make_report().examples
    save_examples(tmp_path / "examples.npz", examples)
    for old, new in zip(examples, load_examples(tmp_path / "examples.npz"), strict=True):
        assert (old.trial, old.truth, old.decision) == (new.trial, new.truth, new.decision)
        np.testing.assert_array_equal(old.spikes, new.spikes)
        np.testing.assert_allclose(old.features, new.features)
        assert new.names == ["a", "b", "c", "d"]


def test_damaged_examples_are_none(tmp_path):
    path = tmp_path / "examples.npz"
    save_examples(path, make_report().examples)
    path.write_bytes(path.read_bytes()[:60])
    assert load_examples(path) == []
    assert load_examples(tmp_path / "missing.npz") == []


def test_csv_quotes_what_needs_it():
    assert to_csv([{"fold": 'run "1", a', "n": 2}]) == 'fold,n\n"run ""1"", a",2\n'


def test_folder_is_replaced_whole(tmp_path):
    folder = tmp_path / "result"
    with replace_contents(folder) as fresh:
        (fresh / "a.txt").write_text("old a")
        (fresh / "model").mkdir()
        (fresh / "model" / "old.bin").write_text("old")
    (folder / "kept.txt").write_text("kept")
    with replace_contents(folder) as fresh:
        (fresh / "a.txt").write_text("new a")
        (fresh / "model").mkdir()
        (fresh / "model" / "new.bin").write_text("new")
    assert (folder / "a.txt").read_text() == "new a"
    assert [path.name for path in (folder / "model").iterdir()] == ["new.bin"]
    assert (folder / "kept.txt").read_text() == "kept"
    assert sorted(path.name for path in folder.iterdir()) == ["a.txt", "kept.txt", "model"]


def test_failure_while_writing_leaves_the_old_folder(tmp_path):
    with replace_contents(tmp_path) as fresh:
        (fresh / "a.txt").write_text("old")

    def write_half():
        with replace_contents(tmp_path) as fresh:
            (fresh / "a.txt").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_failure_while_moving_puts_the_old_entries_back(tmp_path, monkeypatch):
    with replace_contents(tmp_path) as fresh:
        for name in ("a.txt", "b.txt"):
            (fresh / name).write_text("old")
    original = type(tmp_path).replace

    def failing(self, target):
        if self.name == "b.txt" and ".new-" in str(self):
            raise OSError("no")
        return original(self, target)

    def write_new():
        with replace_contents(tmp_path) as fresh:
            for name in ("a.txt", "b.txt"):
                (fresh / name).write_text("new")

    monkeypatch.setattr(type(tmp_path), "replace", failing)
    with pytest.raises(OSError, match="no"):
        write_new()
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a.txt": "old", "b.txt": "old"}
