"""Every mistake in a pipeline file is one line: which key, what is allowed, what came."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError
from eegsnn.pipeline import read_pipeline, shipped_pipelines, to_toml


def test_a_correct_file_is_read(pipeline_file):
    config = read_pipeline(pipeline_file)
    assert config.name == "small"
    assert config.network == {"hidden": [8]}
    assert config.protocol.seeds == [0, 1]
    assert config.protocol.n_splits == 5


@pytest.mark.parametrize("name", sorted(shipped_pipelines()))
def test_shipped_pipelines_are_correct(name):
    config = read_pipeline(name)
    assert config.title
    assert config.baselines


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('title = "Generated"', "", "title: missing; expected a line of text"),
        ('title = "Generated"', 'titel = "x"\ntitle = "y"', "titel: unknown key. Did you mean 'ti"),
        ("[network]", "[netwrok]\n[network]", "netwrok: unknown key. Did you mean 'network'"),
        ('name = "EEGMMIDB"', "", "data.name: missing; expected the name of a data set"),
        ('name = "EEGMMIDB"', 'name = "EEGMIDB"', "data.name: Unknown data set 'EEGMIDB'"),
        ('name = "EEGMMIDB"', 'name = "EEGMMIDB"\nclasses = "left"', "data.classes: expected a li"),
        ('name = "EEGMMIDB"', 'name = "EEGMMIDB"\ntmin = 2.0\ntmax = 1.0', "data.tmax: expected a"),
        (
            'name = "EEGMMIDB"',
            'name = "EEGMMIDB"\noptions = { taks = "eyes" }',
            "data.options.taks: unknown key. Did you mean 'task'",
        ),
        ("[bands]", "[preprocessing]\nnotsch = 50\n[bands]", "preprocessing.notsch: unknown key"),
        ("[bands]", "[preprocessing]\nl_freq = -1\n[bands]", "preprocessing.l_freq: expected"),
        ("alpha = [8, 13] }\n\n[e", "alpha = [13, 8] }\n\n[e", "bands.bands: expected the low"),
        ("bin_width = 0.25", "bin_widht = 0.25", "encoder.bin_widht: unknown key. Did you mean"),
        ("bin_width = 0.25", "bin_width = 0", "encoder.bin_width: expected a number > 0 s, but"),
        ("bin_width = 0.25", 'bin_width = "wide"', "encoder.bin_width: expected a number > 0 s"),
        ('method = "direct"', 'method = "morse"', "encoder.method: expected one of"),
        ("hidden = [8]", "hiden = [8]", "network.hiden: unknown key. Did you mean 'hidden'"),
        ("hidden = [8]", "hidden = [8]\nrandom_state = 1", "network.random_state: is set by the"),
        ("hidden = [8]", 'estimator = "Perceptron"', "network.estimator: expected one of"),
        ("max_epochs = 12", "max_epochs = -3", "training.max_epochs: expected an integer"),
        ("max_epochs = 12", "max_epochs = 12\nhidden = [4]", "training.hidden: is given under"),
        (
            "hidden = [8]",
            'estimator = "SpikingClassifier"',
            "bands: SpikingClassifier reads tables of features",
        ),
        ("[network]", '[[encoders]]\nmethod = "rate"\n[network]', "stands in place of [bands]"),
        ('kind = "leave-one-group-out"', 'kind = "loso"', "protocol.kind: expected 'official', "),
        ('kind = "leave-one-group-out"', "", "protocol.kind: missing"),
        ("[protocol]", "[protocl]", "protocl: unknown key. Did you mean 'protocol'"),
        ("kind = ", "knid = ", "protocol.knid: unknown key. Did you mean 'kind'"),
        ('group = "run"', "", "protocol.group: missing; leave-one-group-out needs"),
        ("seeds = [0, 1]", "seeds = [0, 0]", "protocol.seeds: expected different integers"),
        ("seeds = [0, 1]", "seeds = []", "protocol.seeds: expected a list of different integers"),
        ("seeds = [0, 1]", 'seeds = [0, "one"]', "protocol.seeds[1]: expected a list of different"),
        ("seeds = [0, 1]", "n_splits = 1", "protocol.n_splits: expected an integer ≥ 2, but got 1"),
        ('name = "band-power-lda"', 'name = "lda"', "baselines[0].name: expected one of"),
        (
            "parameters = { bands",
            "parameters = { band",
            "baselines[0].parameters.band: unknown key",
        ),
        ("[[baselines]]", "[[baselines]", "not a TOML file"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(pipeline_file, old, new, expected):
    text = pipeline_file.read_text()
    assert old in text
    pipeline_file.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigurationError) as caught:
        read_pipeline(pipeline_file)
    message = str(caught.value)
    assert expected in message
    assert "small.toml" in message
    assert "\n" not in message


def test_a_mistake_in_one_of_several_encoders_is_numbered(pipeline_file):
    text = pipeline_file.read_text()
    start, end = text.index("[bands]"), text.index("[network]")
    encoders = '[[encoders]]\nbands = "alpha"\n\n[[encoders]]\nbands = "beta"\nthreshold = -1\n\n'
    pipeline_file.write_text(text[:start] + encoders + text[end:])
    with pytest.raises(ConfigurationError, match=r"encoders\[1\]\.threshold: expected"):
        read_pipeline(pipeline_file)


def test_overrides_replace_settings(pipeline_file):
    config = read_pipeline(
        pipeline_file,
        ["training.max_epochs=5", "network.hidden=[4, 4]", "protocol.group=subject", "title=Other"],
    )
    assert config.training["max_epochs"] == 5
    assert config.network["hidden"] == [4, 4]
    assert config.protocol.group == "subject"
    assert config.title == "Other"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("training.max_epochs", "--set: expected section.key=value"),
        ("=5", "--set: expected section.key=value"),
        ("title.text=5", "'title' is not a table"),
        ("training.max_epoch=5", "training.max_epoch: unknown key. Did you mean 'max_epochs'"),
    ],
)
def test_wrong_overrides_are_refused(pipeline_file, text, expected):
    with pytest.raises(ConfigurationError, match=expected.replace("(", r"\(")):
        read_pipeline(pipeline_file, [text])


def test_baselines_are_added_to_those_of_the_file_and_never_twice(pipeline_file):
    added = ["csp-lda", "eegnet", "csp-lda"]
    config = read_pipeline(pipeline_file, baselines=added)
    assert [b.name for b in config.baselines] == ["band-power-lda", "csp-lda", "eegnet"]
    assert config.baselines[1].parameters == {}
    with pytest.raises(ConfigurationError, match=r"--add-baseline: .* Did you mean 'eegnet'"):
        read_pipeline(pipeline_file, baselines=["egnet"])


def test_a_missing_file_lists_the_shipped_pipelines(tmp_path):
    with pytest.raises(ConfigurationError, match=r"Did you mean 'scp[12]'"):
        read_pipeline(tmp_path / "scp.toml")


def test_a_manifest_in_place_of_a_pipeline_is_told_apart(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("name = 'Own'\nreader = 'recordings'\nfolder.files = '*.fif'\n")
    with pytest.raises(ConfigurationError, match=r"own\.toml: this describes a data set"):
        read_pipeline(path)


def test_resolved_settings_read_back_the_same(pipeline_file, tmp_path):
    config = read_pipeline(pipeline_file, ["training.max_epochs=5"])
    again = tmp_path / "again.toml"
    again.write_text(to_toml(config.to_dict()))
    assert read_pipeline(again).to_dict() == config.to_dict()


_VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.text(st.characters(codec="utf-8"))
    | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), _VALUES, max_size=5))
def test_anything_written_as_toml_reads_back_the_same(content):
    assert tomllib.loads(to_toml(content)) == content


def test_values_that_toml_cannot_hold_are_refused():
    with pytest.raises(ConfigurationError, match="cannot hold"):
        to_toml({"value": object()})
