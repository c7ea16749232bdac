"""An environment for every peer, made once and used again."""

from __future__ import annotations

import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

TORCH = "torch"  # stands for the requirement given on the command line


@dataclass(frozen=True)
class Peer:
    """A library to compare with: what `pip` is to install, call by call, and how it is run."""

    package: str
    version: str
    installs: tuple[tuple[str, ...], ...]
    thread_counts: tuple[int | None, ...] = (None,)
    """Tried one after the other, the better one counts; None leaves the library its default."""


# PyTorch's small operations are often faster on one thread than on all.
_BOTH = (None, 1)

# Torch first and by itself: what follows must not pull in another build of it. SpikingJelly and
# Norse come without their requirements, since torchvision would do just that; no neuron needs it.
PEERS: dict[str, Peer] = {
    "snntorch": Peer(
        "snntorch", "1.0.0", ((TORCH,), ("snntorch==1.0.0", "numpy", "safetensors")), _BOTH
    ),
    "spikingjelly": Peer(
        "spikingjelly",
        "2.0.0",
        (
            (TORCH,),
            ("--no-deps", "spikingjelly==2.0.0"),
            ("numpy", "scipy", "tqdm", "packaging", "loguru", "safetensors"),
        ),
        _BOTH,
    ),
    "norse": Peer(
        "norse",
        "1.1.0",
        (
            (TORCH,),
            ("--no-deps", "norse==1.1.0", "nir", "nirtorch"),
            ("numpy", "h5py", "safetensors"),
        ),
        _BOTH,
    ),
    "spyx": Peer("spyx", "1.0.0", (("spyx==1.0.0", "safetensors"),)),
    "mlxsnn": Peer(
        "mlx-snn", "0.5.0", (("mlx" if sys.platform == "darwin" else "mlx[cpu]", "mlx-snn==0.5.0"),)
    ),
}


def python_of(name: str, folder: Path, torch_requirement: str) -> Path:
    """Python of the environment of a peer in `folder`; made if it is not there yet.

    Raises
    ------
    RuntimeError
        If `pip` fails; its last lines say why.
    """
    peer = PEERS[name]
    root = folder / f"venv_peers_{name}"
    python = root / "bin" / "python"
    if _installed(python, peer):
        return python
    print(f"setting up {peer.package} {peer.version} in {root}", file=sys.stderr)
    venv.create(root, with_pip=True)
    for install in peer.installs:
        wanted = [torch_requirement if part == TORCH else part for part in install]
        command = [str(python), "-m", "pip", "install", "--quiet", *wanted]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return python


def _installed(python: Path, peer: Peer) -> bool:
    if not python.exists():
        return False
    code = f"import importlib.metadata as m; print(m.version({peer.package!r}))"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() == peer.version
