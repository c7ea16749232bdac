"""A manifest of one small data set, a server for its files, and a cache of its own."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


class Server:
    """Serves `files` (path → content) on 127.0.0.1 and records what was asked.

    `break_after` ends each answer after so many bytes, as a failing network does; `ranges` says
    whether the server knows Range requests.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.break_after: int | None = None
        self.ranges = True
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        self.asked.append((handler.path, wanted))
        content = self.files.get(handler.path)
        if content is None:
            handler.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if start >= len(content) > 0:
            handler.send_error(416)
            return
        rest = content[start:]
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(rest)))
        handler.end_headers()
        handler.wfile.write(rest if self.break_after is None else rest[: self.break_after])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """An empty cache; local copies are found only by tests that ask for `data_folder`."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("EEGSNN_CACHE", str(folder))
    if "data_folder" not in request.fixturenames:
        monkeypatch.delenv("EEGSNN_DATA", raising=False)
    return folder


TS_HEADER = "@problemName toy\n@univariate false\n@classLabel true left right\n@data\n"
TRAIN = (TS_HEADER + "1,2,3,4:5,6,7,8:left\n2,3,4,5:6,7,8,9:right\n").encode()
TEST = (TS_HEADER + "0,0,1,1:1,1,0,0:left\n").encode()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def toy(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes the manifest of a toy data set of two ``.ts`` files."""

    def make(
        sources: str, *, extra: str = "", files: dict[str, bytes] | None = None, top: str = ""
    ) -> Path:
        files = files or {"toy_TRAIN.ts": TRAIN, "toy_TEST.ts": TEST}
        entries = "".join(
            f'[[files]]\nname = "{name}"\npath = "data/{name}"\nsha256 = "{sha256(content)}"\n'
            f'size = {len(content)}\nattributes = {{ split = "{split}" }}\n'
            for (name, content), split in zip(files.items(), ("train", "test"), strict=False)
        )
        path = tmp_path / "toy.toml"
        path.write_text(
            'name = "Toy"\ntitle = "A toy"\ncitation = "Nobody (2024)"\nlicence = "CC0"\n'
            'homepage = "https://example.org"\nreader = "ts"\ntraps = ["It is a toy."]\n'
            f"{top}\n[recording]\nsfreq = 100.0\nchannels = ['C3', 'C4']\nfile_unit = 'uV'\n"
            "[events]\nleft = 'left hand'\nright = 'right hand'\n"
            f"[protocol]\nkind = 'official'\n{sources}\n{entries}\n{extra}\n",
            encoding="utf-8",
        )
        return path

    return make
