import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import eegsnn
from eegsnn.datasets import list_datasets, read_manifest
from eegsnn.datasets.manifest import manifest_folder
from eegsnn.datasets.readers import READERS
from eegsnn.errors import ConfigurationError

EXPECTED = {
    "SelfRegulationSCP1",
    "SelfRegulationSCP2",
    "FingerMovements",
    "SSVEPExoskeleton",
    "EEGMMIDB",
    "UCIAlcoholism",
    "Bonn",
    "EyeState",
    "MNIST",
}
LOCAL = "[[sources]]\nkind = 'local'\nfolder = 'copies'"


def test_all_data_sets_are_listed():
    assert set(list_datasets()) == EXPECTED


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_manifest_is_whole(name):
    manifest = read_manifest(name)
    assert manifest.reader in READERS
    assert all(len(text) > 5 for text in (manifest.title, manifest.citation, manifest.licence))
    assert all(source.kind != "local" for source in manifest.sources)
    if manifest.protocol.group:
        assert manifest.protocol.group in manifest.groups


@pytest.mark.parametrize("name", ["scp1", "SCP1", "selfregulationscp1", "SelfRegulationSCP1"])
def test_lookup_by_name_or_file_in_any_case(name):
    assert read_manifest(name).name == "SelfRegulationSCP1"


def test_an_installed_copy_reads_its_own_manifests(tmp_path):
    """Without a checkout around it the package looks into itself; a folder beside it is ignored."""
    package = Path(eegsnn.__file__).parent
    installed = tmp_path / "site"
    shutil.copytree(
        package, installed / "eegsnn", ignore=shutil.ignore_patterns("_shipped", "__*__")
    )
    shipped = installed / "eegsnn" / "_shipped" / "data_manifests"
    shipped.mkdir(parents=True)
    shutil.copy(manifest_folder() / "bonn.toml", shipped)
    (installed / "data_manifests").mkdir()
    code = "from eegsnn.datasets import list_datasets; print(list_datasets())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.strip() == "['Bonn']"


def test_unknown_name_lists_and_suggests():
    with pytest.raises(ConfigurationError, match=r"Known: Bonn, .*Did you mean 'EyeState'"):
        read_manifest("EyeStat")


def test_manifest_of_ones_own(toy):
    assert read_manifest(toy(LOCAL)).name == "Toy"
    assert read_manifest(str(toy(LOCAL))).origin.name == "toy.toml"


def test_no_such_manifest(tmp_path):
    with pytest.raises(ConfigurationError, match="no such manifest"):
        read_manifest(tmp_path / "absent.toml")


def test_not_toml(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("name = ")
    with pytest.raises(ConfigurationError, match=r"bad\.toml: not a TOML file"):
        read_manifest(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("title = ", "titel = "), r"title: missing|titel: unknown key"),
        (("kind = 'official'", "kind = 'random'"), r"protocol\.kind: .*'official'.*got 'random'"),
        (("sfreq = 100.0", "sfreq = -1"), r"recording\.sfreq: .*greater than 0, but got -1"),
        (("sfreq = 100.0", "sfreq = 'fast'"), r"recording\.sfreq: .*number.*got 'fast'"),
        (("kind = 'local'", "kind = 'ftp'"), r"sources\.0: .*'url', 'wheel', 'npm'"),
        (("folder = ", "foldr = "), r"sources\.0\.local\.foldr: unknown key.*1 more"),
        (('name = "toy_TEST.ts"', 'name = "toy_TRAIN.ts"'), "occurs more than once"),
        (('name = "toy_TEST.ts"', 'name = "../toy"'), "must stay within the cache"),
        (('sha256 = "', 'sha256 = "x'), r"files\.0\.sha256"),
    ],
)
def test_problems_are_one_line_with_key_allowed_and_given(toy, change, message):
    path = toy(LOCAL)
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(ConfigurationError, match=message) as caught:
        read_manifest(path)
    assert "\n" not in str(caught.value)
    assert "toy.toml" in str(caught.value)
