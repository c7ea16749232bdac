import gzip
import hashlib
import io
import sys
import tarfile
import types
import zipfile
from pathlib import Path

import pytest

from eegsnn.datasets import fetch, read_manifest
from eegsnn.errors import FetchError

HEADER = "@problemName toy\n@univariate false\n@classLabel true left right\n@data\n"
TRAIN = (HEADER + "1,2,3,4:5,6,7,8:left\n2,3,4,5:6,7,8,9:right\n").encode()
TEST = (HEADER + "0,0,1,1:1,1,0,0:left\n").encode()
NAMES = ["toy_TRAIN.ts", "toy_TEST.ts"]


def url_source(server, template="/{path}", more=""):
    return f"[[sources]]\nkind = 'url'\nurl = '{server.url}{template}'\n{more}"


@pytest.fixture
def served(server):
    server.files = {"/data/toy_TRAIN.ts": TRAIN, "/data/toy_TEST.ts": TEST}
    return server


def contents(files):
    return [files[name].read_bytes() for name in NAMES]


def everything_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_from_a_server_into_the_cache(served, toy, cache):
    files = fetch(toy(url_source(served)), progress=False)
    assert contents(files) == [TRAIN, TEST]
    assert everything_in(cache) == ["Toy/toy_TEST.ts", "Toy/toy_TRAIN.ts"]


def test_second_time_comes_from_the_cache(served, toy):
    path = toy(url_source(served))
    fetch(path, progress=False)
    served.asked.clear()
    assert contents(fetch(path, progress=False)) == [TRAIN, TEST]
    assert served.asked == []


def test_only_the_files_asked_for(served, toy):
    files = fetch(toy(url_source(served)), progress=False, files=["toy_TEST.ts"])
    assert list(files) == ["toy_TEST.ts"]
    assert len(served.asked) == 1


def test_interrupted_fetch_goes_on(served, toy, cache):
    path = toy(url_source(served))
    served.break_after = 20
    with pytest.raises(FetchError, match="run it again"):
        fetch(path, progress=False)
    served.break_after = None
    served.asked.clear()
    assert contents(fetch(path, progress=False)) == [TRAIN, TEST]
    assert served.asked[0] == ("/data/toy_TRAIN.ts", "bytes=60-")
    assert everything_in(cache) == ["Toy/toy_TEST.ts", "Toy/toy_TRAIN.ts"]


def test_wrong_hash_names_both_and_leaves_good_files(served, toy, cache):
    path = toy(url_source(served))
    fetch(path, progress=False, files=["toy_TRAIN.ts"])
    served.files["/data/toy_TEST.ts"] = b"something else"
    with pytest.raises(FetchError) as caught:
        fetch(path, progress=False)
    assert hashlib.sha256(TEST).hexdigest() in str(caught.value)
    assert hashlib.sha256(b"something else").hexdigest() in str(caught.value)
    assert everything_in(cache) == ["Toy/toy_TRAIN.ts"]
    served.files["/data/toy_TEST.ts"] = TEST
    assert contents(fetch(path, progress=False)) == [TRAIN, TEST]


def test_damaged_cache_is_replaced_or_else_reported_and_kept(served, toy, cache):
    path = toy(url_source(served))
    damaged = fetch(path, progress=False)["toy_TEST.ts"]
    damaged.write_bytes(b"damaged")
    del served.files["/data/toy_TEST.ts"]
    with pytest.raises(FetchError, match=r"cache: toy_TEST\.ts: wrong hash.*\n.*404"):
        fetch(path, progress=False)
    assert damaged.read_bytes() == b"damaged"
    served.files["/data/toy_TEST.ts"] = TEST
    assert contents(fetch(path, progress=False)) == [TRAIN, TEST]


def test_next_source_if_the_first_lacks_a_file(served, toy):
    sources = url_source(served, "/gone/{path}") + "\n" + url_source(served)
    assert contents(fetch(toy(sources), progress=False)) == [TRAIN, TEST]
    assert served.asked[0][0] == "/gone/data/toy_TRAIN.ts"


def test_what_each_source_answered_is_listed(served, toy):
    sources = url_source(served, "/one/{name}") + "\n" + url_source(served, "/two/{name}")
    with pytest.raises(FetchError, match=r"(?s)/one/.*404.*/two/.*404.*EEGSNN_DATA"):
        fetch(toy(sources), progress=False)


def test_member_of_an_archive(server, toy, cache):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr("inner/toy_TRAIN.ts", TRAIN)
        bundle.writestr("inner/toy_TEST.ts", TEST)
    server.files["/toy.zip"] = buffer.getvalue()
    source = url_source(server, "/toy.zip", "member = 'inner/{name}'")
    assert contents(fetch(toy(source), progress=False)) == [TRAIN, TEST]
    assert [wanted for _, wanted in server.asked if wanted is None] == [None]  # downloaded once
    assert everything_in(cache) == ["Toy/toy_TEST.ts", "Toy/toy_TRAIN.ts"]


@pytest.mark.parametrize("content", [b"not an archive", b""])
def test_archive_that_is_none(server, toy, content):
    server.files["/toy.zip"] = content
    with pytest.raises(FetchError, match=r"inner/toy_TRAIN\.ts cannot be taken out of it"):
        fetch(toy(url_source(server, "/toy.zip", "member = 'inner/{name}'")), progress=False)


def test_compressed_download(server, toy):
    server.files = {
        "/toy_TRAIN.ts.gz": gzip.compress(TRAIN),
        "/toy_TEST.ts.gz": gzip.compress(TEST),
    }
    source = url_source(server, "/{name}.gz", "gunzip = true")
    assert contents(fetch(toy(source), progress=False)) == [TRAIN, TEST]


def test_local_source_beside_the_manifest(toy, tmp_path):
    copies = tmp_path / "copies" / "deep"
    copies.mkdir(parents=True)
    (copies / "other name").write_bytes(TRAIN)
    (copies / "b").write_bytes(TEST)
    path = toy("[[sources]]\nkind = 'local'\nfolder = 'copies'")
    assert contents(fetch(path, progress=False)) == [TRAIN, TEST]
    assert (copies / "b").exists()


def test_local_copies_are_found_by_hash(toy, tmp_path, monkeypatch, server, cache):
    folder = tmp_path / "data" / "deep" / "er"
    folder.mkdir(parents=True)
    (folder / "anything").write_bytes(TRAIN)
    (folder / "toy_TEST.ts").write_bytes(TEST)
    (folder / "same_size").write_bytes(bytes(len(TRAIN)))
    monkeypatch.setenv("EEGSNN_DATA", str(tmp_path / "data"))
    files = fetch(toy(url_source(server)), progress=False)
    assert files["toy_TRAIN.ts"] == folder / "anything"
    assert contents(files) == [TRAIN, TEST]
    assert server.asked == []
    assert not cache.exists()


def test_local_copy_in_another_form(toy, tmp_path, monkeypatch, server):
    (tmp_path / "data").mkdir()
    packed = gzip.compress(TEST)
    (tmp_path / "data" / "b.gz").write_bytes(packed)
    (tmp_path / "data" / "a").write_bytes(TRAIN)
    form = f"{{ sha256 = '{hashlib.sha256(packed).hexdigest()}', size = {len(packed)} }}"
    path = toy(url_source(server))
    path.write_text(path.read_text().rstrip() + f"\nalternatives = [{form}]\n")
    monkeypatch.setenv("EEGSNN_DATA", str(tmp_path / "data"))
    assert fetch(path, progress=False)["toy_TEST.ts"].name == "b.gz"


def test_local_copy_that_changed_is_hashed_again(toy, tmp_path, monkeypatch, server):
    (tmp_path / "data").mkdir()
    for name, content in zip(NAMES, (TRAIN, TEST), strict=True):
        (tmp_path / "data" / name).write_bytes(content)
    monkeypatch.setenv("EEGSNN_DATA", str(tmp_path / "data"))
    path = toy(url_source(server))
    fetch(path, progress=False)
    (tmp_path / "data" / "toy_TEST.ts").write_bytes(bytes(len(TEST)))
    with pytest.raises(FetchError, match=r"EEGSNN_DATA: toy_TEST\.ts: wrong hash"):
        fetch(path, progress=False)


def test_variable_that_names_no_folder(toy, monkeypatch, server):
    monkeypatch.setenv("EEGSNN_DATA", "/no/such/folder")
    with pytest.raises(FetchError, match="EEGSNN_DATA names '/no/such/folder'"):
        fetch(toy(url_source(server)), progress=False)


def test_cache_that_cannot_be_made(served, toy, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("EEGSNN_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(FetchError, match=r"cannot be made.*EEGSNN_CACHE"):
        fetch(toy(url_source(served)), progress=False)


def test_full_disk_leaves_what_was_there(served, toy, cache, monkeypatch):
    path = toy(url_source(served))
    fetch(path, progress=False, files=["toy_TRAIN.ts"])

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(FetchError, match=r"url: .*No space left on device"):
        fetch(path, progress=False)
    assert (cache / "Toy" / "toy_TRAIN.ts").read_bytes() == TRAIN


def test_progress_goes_to_the_error_stream(served, toy, capsys):
    fetch(toy(url_source(served)), progress=True)
    assert capsys.readouterr().out == ""


WHEEL = "[[sources]]\nkind = 'wheel'\npackage = 'toy-data'\nversion = '1.0'\nmember = 'toy/{name}'"


@pytest.fixture
def offline_index(tmp_path, monkeypatch):
    """Let pip see nothing but a folder with one wheel, whose metadata excludes this Python."""
    folder = tmp_path / "index"
    folder.mkdir()
    info = "toy_data-1.0.dist-info"
    with zipfile.ZipFile(folder / "toy_data-1.0-py3-none-any.whl", "w") as bundle:
        bundle.writestr("toy/toy_TRAIN.ts", TRAIN)
        bundle.writestr("toy/toy_TEST.ts", TEST)
        bundle.writestr(
            f"{info}/METADATA",
            "Metadata-Version: 2.1\nName: toy-data\nVersion: 1.0\nRequires-Python: ==3.9.*\n"
            "Requires-Dist: torch\n",
        )
        bundle.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        bundle.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


@pytest.mark.usefixtures("offline_index")
def test_file_inside_a_wheel_for_another_python(toy, cache):
    path = toy(WHEEL + "\npython_version = '3.9'")
    assert contents(fetch(path, progress=False)) == [TRAIN, TEST]
    assert everything_in(cache) == ["Toy/toy_TEST.ts", "Toy/toy_TRAIN.ts"]


@pytest.mark.usefixtures("offline_index")
def test_wheel_that_does_not_exist(toy):
    with pytest.raises(FetchError, match=r"wheel: Could not download toy-data==2\.0 with pip"):
        fetch(toy(WHEEL.replace("1.0", "2.0")), progress=False)


NPM = "[[sources]]\nkind = 'npm'\npackage = 'toy'\nversion = '1.0.0'\nmember = 'package/{name}'"


def test_npm_package(toy, tmp_path, monkeypatch):
    archive = tmp_path / "toy-1.0.0.tgz"
    with tarfile.open(archive, "w:gz") as bundle:
        for name, content in zip(NAMES, (TRAIN, TEST), strict=True):
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            bundle.addfile(member, io.BytesIO(content))
    programs = tmp_path / "bin"
    programs.mkdir()
    npm = programs / "npm"
    npm.write_text(
        "#!/bin/sh\n"
        '[ "$1 $2" = "pack toy@1.0.0" ] || { echo "npm error 404 no such package" >&2; exit 1; }\n'
        f'while [ $# -gt 1 ]; do shift; done; cp "{archive}" "$1"\n'
    )
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    assert contents(fetch(toy(NPM), progress=False)) == [TRAIN, TEST]
    (tmp_path / "cache" / "Toy" / NAMES[0]).unlink()
    with pytest.raises(FetchError, match=r"npm: Could not download toy@2.0.0.*404 no such"):
        fetch(toy(NPM.replace("1.0.0", "2.0.0")), progress=False)


def test_npm_is_not_installed(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchError, match=r"program npm is not installed.*Node\.js"):
        fetch(toy(NPM), progress=False)


def with_subjects(path):
    text = path.read_text()
    for split, run in (("train", 1), ("test", 2)):
        text = text.replace(f'split = "{split}"', f'split = "{split}", subject = 1, run = {run}')
    path.write_text(text)
    return path


def test_fetcher_of_mne(toy, monkeypatch):
    from mne.datasets import eegbci

    def load_data(subject, run, *, path, update_path, verbose):
        assert (subject, update_path) == (1, False)
        file = Path(path) / f"run{run}"
        file.write_bytes({1: TRAIN, 2: TEST}[run])
        return [str(file)]

    monkeypatch.setattr(eegbci, "load_data", load_data)
    path = with_subjects(toy("[[sources]]\nkind = 'mne'\nfetcher = 'eegbci'"))
    assert contents(fetch(path, progress=False)) == [TRAIN, TEST]


MOABB = "[[sources]]\nkind = 'moabb'\ndataset = 'PhysionetMI'"


def test_fetcher_of_moabb(toy, monkeypatch):
    class PhysionetMI:
        def data_path(self, subject, path):
            for number, content in enumerate((TRAIN, TEST)):
                (Path(path) / f"{subject}-{number}").write_bytes(content)

    module = types.ModuleType("moabb.datasets")
    module.PhysionetMI = PhysionetMI
    monkeypatch.setitem(sys.modules, "moabb", types.ModuleType("moabb"))
    monkeypatch.setitem(sys.modules, "moabb.datasets", module)
    assert contents(fetch(with_subjects(toy(MOABB)), progress=False)) == [TRAIN, TEST]


def test_moabb_is_not_installed(toy, monkeypatch):
    monkeypatch.setitem(sys.modules, "moabb", None)
    monkeypatch.setitem(sys.modules, "moabb.datasets", None)
    with pytest.raises(FetchError, match=r"eegsnn\[moabb\]"):
        fetch(with_subjects(toy(MOABB)), progress=False)


@pytest.mark.data
@pytest.mark.parametrize("name", ["scp1", "ssvep", "eegmmidb", "bonn", "eye_state", "mnist"])
def test_every_file_is_among_the_local_copies(data_folder, name):
    files = fetch(name, progress=False)
    assert list(files) == [entry.name for entry in read_manifest(name).files]
    assert all(path.is_relative_to(data_folder) for path in files.values())
