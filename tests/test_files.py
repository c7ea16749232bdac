from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn._files import atomic_path, sha256_of, write_json, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "result.npz"
    with atomic_path(target) as temporary:
        assert temporary.parent == tmp_path  # the same disk, so that moving it is one step
        assert temporary.suffix == ".npz"
        temporary.write_bytes(b"half")
        assert not target.exists()
        temporary.write_bytes(b"whole")
    assert target.read_bytes() == b"whole"
    assert names(tmp_path) == ["result.npz"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file(error: BaseException, tmp_path: Path) -> None:
    target = tmp_path / "result.txt"
    target.write_text("old")

    def write_half() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("hal")
            raise error

    with pytest.raises(type(error)):
        write_half()
    assert target.read_text() == "old"
    assert names(tmp_path) == ["result.txt"]


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "note.txt"
    write_text(target, "first")
    write_text(target, "second\n")
    assert target.read_bytes() == b"second\n"


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_text(tmp_path / "folder", "text")
    assert names(tmp_path) == ["folder"]


def test_a_new_file_is_as_readable_as_any(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text("")
    write_text(tmp_path / "ours.txt", "")
    assert (tmp_path / "ours.txt").stat().st_mode == (tmp_path / "plain.txt").stat().st_mode


def test_text_is_utf8(tmp_path: Path) -> None:
    write_text(tmp_path / "note.txt", "µV, θ")
    assert (tmp_path / "note.txt").read_bytes() == "µV, θ".encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda children: st.lists(children) | st.dictionaries(st.text(max_size=5), children),
    max_leaves=10,
)  # fmt: skip


@given(JSON)
def test_json_comes_back(tmp_path_factory: pytest.TempPathFactory, content: object) -> None:
    target = tmp_path_factory.getbasetemp() / "content.json"
    write_json(target, content)
    assert json.loads(target.read_text(encoding="utf-8")) == content


def test_json_refuses_what_it_cannot_say(tmp_path: Path) -> None:
    write_json(tmp_path / "scores.json", {"auc": 0.5})
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "scores.json", {"auc": float("nan")})
    assert json.loads((tmp_path / "scores.json").read_text()) == {"auc": 0.5}


@pytest.mark.parametrize("size", [0, 1, 300_000])
def test_checksums_are_those_of_hashlib(size: int, tmp_path: Path) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "data.bin").write_bytes(content[:size])
    assert sha256_of(tmp_path / "data.bin") == hashlib.sha256(content[:size]).hexdigest()
