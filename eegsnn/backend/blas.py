"""Give MLX on Linux the optimised matrix product that SciPy already ships.

The Linux CPU wheel of MLX calls a reference BLAS, some 20 to 60 times slower than the OpenBLAS
inside SciPy's wheel. Both speak the same C interface (`cblas_sgemm` and its siblings, 32-bit
integers), and ``libmlx.so`` reaches its BLAS through lazily bound slots in its procedure-linkage
table, which stay writable. :func:`use_fast_blas` points those slots at SciPy's functions, in this
process only: no compiler, no change on disk.

Nothing is assumed: the library, its slots, their write permission and the replacement are found
in the running process, a product is checked against NumPy afterwards, and any surprise leaves (or
puts back) MLX as it was. Elsewhere than Linux, or where MLX does not use such a BLAS, nothing is
done. ``EEGSNN_FAST_BLAS=0`` in the environment turns it off.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import struct
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mlx.core as mx
import numpy as np

from eegsnn._environment import switched_on

_ROUTINES = ("cblas_sgemm", "cblas_dgemm", "cblas_cgemm")
_JUMP_SLOT = {"x86_64": 7, "aarch64": 1026}  # R_X86_64_JUMP_SLOT, R_AARCH64_JUMP_SLOT
_PLTRELSZ, _STRTAB, _SYMTAB, _JMPREL = 2, 5, 6, 23  # tags of the ELF dynamic section
_PT_DYNAMIC = 2


@dataclass(frozen=True)
class BlasState:
    """Which matrix product MLX uses, and why.

    Attributes
    ----------
    fast : bool
        True when MLX's products go to SciPy's OpenBLAS.
    detail : str
        One line for a person: what was done, or why nothing was.
    """

    fast: bool
    detail: str


@dataclass(frozen=True)
class _Mapping:
    start: int
    end: int
    writable: bool
    path: str


# Below this many multiply-adds a product is over sooner than a second thread has woken up, and on
# a busy machine waiting for that thread costs a hundred times the product.
_THREADS_PAY_FROM = 5e7

# OpenBLAS has one number of threads per process: blocks of threads_for that overlap, in several
# Python threads, share one change of it, and the last one to end puts it back.
_count_lock = threading.Lock()
_small_blocks = 0
_count_before = 0

_state: BlasState | None = None


def blas_state() -> BlasState:
    """Return what :func:`use_fast_blas` found; calls it if nobody has yet."""
    return use_fast_blas()


def use_fast_blas() -> BlasState:
    """Redirect MLX's matrix products to SciPy's OpenBLAS where that is possible; runs once.

    Returns
    -------
    BlasState
        What was done. Never raises.
    """
    global _state  # the state of the process itself, not of the package
    if _state is None:
        try:
            _state = _redirect()
        except Exception as error:  # any surprise leaves MLX as it was
            _state = BlasState(False, f"MLX's own product: {type(error).__name__}: {error}")
    return _state


@contextlib.contextmanager
def threads_for(multiply_adds: float) -> Iterator[None]:
    """Let products of this size use one thread if they are small, for the time of the block.

    Parameters
    ----------
    multiply_adds : float
        Rows × inner size × columns of the largest product inside the block.
    """
    if multiply_adds >= _THREADS_PAY_FROM or not blas_state().fast:
        yield
        return
    _enter_small_block()
    try:
        yield
    finally:
        _leave_small_block()


def _enter_small_block() -> None:
    global _small_blocks, _count_before
    library = _scipy_library()
    with _count_lock:
        if _small_blocks == 0:
            _count_before = library.scipy_openblas_get_num_threads()
            library.scipy_openblas_set_num_threads(1)
        _small_blocks += 1


def _leave_small_block() -> None:
    global _small_blocks
    with _count_lock:
        _small_blocks -= 1
        if _small_blocks == 0:
            _scipy_library().scipy_openblas_set_num_threads(_count_before)


def _redirect() -> BlasState:
    if not switched_on("EEGSNN_FAST_BLAS"):
        return BlasState(False, "MLX's own product: turned off by EEGSNN_FAST_BLAS")
    machine = os.uname().machine if hasattr(os, "uname") else ""
    if sys.platform != "linux" or machine not in _JUMP_SLOT:
        return BlasState(False, f"MLX's own product: nothing to redirect on {sys.platform}")
    mappings = _process_mappings()
    slots = _routine_slots(mappings, _JUMP_SLOT[machine])
    if not slots:
        return BlasState(False, "MLX's own product: libmlx.so calls no replaceable BLAS")
    replacements = _scipy_routines(slots)
    originals = {name: _read_pointer(address) for name, address in slots.items()}
    agree = False
    try:
        for name, address in slots.items():
            _write_pointer(address, replacements[name])
        agree = _products_agree()
    finally:
        if not agree:  # also when the comparison itself failed
            for name, address in slots.items():
                _write_pointer(address, originals[name])
    if not agree:
        return BlasState(False, "MLX's own product: SciPy's OpenBLAS gave another result")
    return BlasState(True, f"SciPy's OpenBLAS in place of reference BLAS ({', '.join(slots)})")


def _process_mappings() -> list[_Mapping]:
    mappings = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        fields = line.split(maxsplit=5)
        start, end = (int(part, 16) for part in fields[0].split("-"))
        path = fields[5] if len(fields) > 5 else ""
        mappings.append(_Mapping(start, end, "w" in fields[1], path))
    return mappings


def _routine_slots(mappings: list[_Mapping], jump_slot: int) -> dict[str, int]:
    """Address of the linkage slot of each BLAS routine that libmlx.so imports lazily."""
    own = [m for m in mappings if Path(m.path).name == "libmlx.so"]
    if not own:
        return {}
    base = min(m.start for m in own)
    tags = _dynamic_section(base)
    if not {_PLTRELSZ, _STRTAB, _SYMTAB, _JMPREL} <= tags.keys():
        return {}
    # The loader may or may not have added the base to the addresses in this section.
    string_table, symbol_table, relocations = (
        value if value >= base else base + value
        for value in (tags[_STRTAB], tags[_SYMTAB], tags[_JMPREL])
    )
    slots: dict[str, int] = {}
    table = ctypes.string_at(relocations, tags[_PLTRELSZ])
    for offset, info, _ in struct.iter_unpack("<QQq", table):
        if info & 0xFFFFFFFF != jump_slot:
            continue
        symbol = symbol_table + 24 * (info >> 32)
        (name_offset,) = struct.unpack("<I", ctypes.string_at(symbol, 4))
        name = ctypes.string_at(string_table + name_offset).decode()
        address = base + offset
        writable = any(m.start <= address <= m.end - 8 and m.writable for m in mappings)
        if name in _ROUTINES and writable:
            slots[name] = address
    return slots


def _dynamic_section(base: int) -> dict[int, int]:
    header = ctypes.string_at(base, 64)
    if header[:6] != b"\x7fELF\x02\x01":  # 64-bit, little-endian
        return {}
    (program_headers,) = struct.unpack_from("<Q", header, 32)
    entry_size, count = struct.unpack_from("<HH", header, 54)
    tags: dict[int, int] = {}
    for index in range(count):
        entry = ctypes.string_at(base + program_headers + index * entry_size, 56)
        (kind,) = struct.unpack_from("<I", entry, 0)
        if kind != _PT_DYNAMIC:
            continue
        (address,) = struct.unpack_from("<Q", entry, 16)
        (size,) = struct.unpack_from("<Q", entry, 40)
        for tag, value in struct.iter_unpack("<qQ", ctypes.string_at(base + address, size)):
            if tag == 0:
                break
            tags[tag] = value
    return tags


def _scipy_routines(names: dict[str, int]) -> dict[str, int]:
    """Address of SciPy's version of each routine; raises where one is missing."""
    library = _scipy_library()
    found = {}
    for name in names:
        function = getattr(library, f"scipy_{name}")
        found[name] = ctypes.cast(function, ctypes.c_void_p).value or 0
    if not all(found.values()):
        raise LookupError("SciPy's OpenBLAS lacks a routine")
    # threads_for needs these two: their absence is found out here, and not in the middle of a fit.
    _ = library.scipy_openblas_get_num_threads, library.scipy_openblas_set_num_threads
    return found


@functools.cache
def _scipy_library() -> ctypes.CDLL:
    import scipy.linalg  # noqa: F401  (loads the library that we look for)

    paths = {m.path for m in _process_mappings() if "scipy_openblas-" in Path(m.path).name}
    if not paths:
        raise LookupError("SciPy carries no OpenBLAS with 32-bit integers")
    return ctypes.CDLL(sorted(paths)[0])


def _products_agree() -> bool:
    """Compare MLX's product with NumPy's: every kind of number, transposed and odd-sized."""
    generator = np.random.default_rng(0)
    for rows, inner, columns in ((64, 96, 32), (33, 7, 65), (1, 129, 3)):
        left = generator.standard_normal((rows, inner))
        right = generator.standard_normal((columns, inner))
        for left_cast, right_cast, dtype in (
            (left.astype(np.float32), right.astype(np.float32), mx.float32),
            (left, right, mx.float64),
            ((left + 1j * left[::-1]).astype(np.complex64), right.astype(np.complex64), None),
        ):
            with mx.stream(mx.cpu):  # float64 exists there only
                product = mx.array(left_cast, dtype=dtype) @ mx.array(right_cast, dtype=dtype).T
                got = np.array(product)
            if not np.allclose(got, left_cast @ right_cast.T, rtol=1e-4, atol=1e-4):
                return False
    return True


def _read_pointer(address: int) -> int:
    return ctypes.c_uint64.from_address(address).value


def _write_pointer(address: int, value: int) -> None:
    ctypes.c_uint64.from_address(address).value = value
