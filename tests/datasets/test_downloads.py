import pytest

from eegsnn.datasets.downloads import download
from eegsnn.errors import FetchError

CONTENT = bytes(range(256)) * 2000


def test_download(server, tmp_path):
    server.files["/f"] = CONTENT
    seen = []
    part = download(f"{server.url}/f", tmp_path / "f.part", lambda *now: seen.append(now))
    assert part.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_goes_on_where_it_ended(server, tmp_path):
    server.files["/f"] = CONTENT
    part = tmp_path / "f.part"
    part.write_bytes(CONTENT[:1000])
    assert download(f"{server.url}/f", part).read_bytes() == CONTENT
    assert server.asked == [("/f", "bytes=1000-")]


def test_server_without_ranges_sends_all_again(server, tmp_path):
    server.files["/f"], server.ranges = CONTENT, False
    part = tmp_path / "f.part"
    part.write_bytes(b"something old")
    assert download(f"{server.url}/f", part).read_bytes() == CONTENT


def test_broken_connection_is_continued(server, tmp_path):
    server.files["/f"], server.break_after = CONTENT, len(CONTENT) // 2
    assert download(f"{server.url}/f", tmp_path / "f.part").read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, f"bytes={len(CONTENT) // 2}-"]


def test_connection_that_breaks_again_and_again_keeps_what_came(server, tmp_path):
    server.files["/f"], server.break_after = CONTENT, 100
    part = tmp_path / "f.part"
    with pytest.raises(FetchError, match=r"ended after 300 of 512000 bytes.*run it again"):
        download(f"{server.url}/f", part)
    assert part.read_bytes() == CONTENT[:300]
    server.break_after = None
    assert download(f"{server.url}/f", part).read_bytes() == CONTENT


def test_part_that_is_whole_is_not_asked_for_again(server, tmp_path):
    server.files["/f"] = CONTENT
    part = tmp_path / "f.part"
    part.write_bytes(CONTENT)
    assert download(f"{server.url}/f", part).read_bytes() == CONTENT


def test_not_found(server, tmp_path):
    with pytest.raises(FetchError, match="/f: the server answers 404"):
        download(f"{server.url}/f", tmp_path / "f.part")
    assert not (tmp_path / "f.part").exists()


def test_no_server(server, tmp_path):
    server.close()
    with pytest.raises(FetchError, match="could not be downloaded"):
        download(f"{server.url}/f", tmp_path / "f.part")


def test_interruption_keeps_what_came(server, tmp_path):
    server.files["/f"] = CONTENT
    part = tmp_path / "f.part"

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(f"{server.url}/f", part, interrupt)
    held = part.read_bytes()
    assert 0 < len(held) < len(CONTENT)
    assert CONTENT.startswith(held)
    assert download(f"{server.url}/f", part).read_bytes() == CONTENT
