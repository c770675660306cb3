"""Small checkpoints with random weights that ComfyUI's own loaders accept, made on first use.

python -m rig.checkpoints --what nano-sd15 tiny-sdxl --out models/checkpoints
"""

from collections.abc import Iterable
from pathlib import Path

from ..make import ensure_made
from .kinds import KINDS


def ensure(kind: str, folder: Path, file_format: str = "ckpt") -> Path:
    """The path of checkpoint `kind` (a key of KINDS) in `folder`, made if it is missing or older than this code.

    file_format: ckpt (small on disk) or safetensors (dense; for loaders that keep the file's tensors, as on a GPU).
    """
    return ensure_all([kind], folder, file_format)[kind]


def ensure_all(kinds: Iterable[str], folder: Path, file_format: str = "ckpt") -> dict[str, Path]:
    """The same for several, made in one process."""
    paths = {kind: folder / f"{kind}.{file_format}" for kind in kinds}
    if unknown := paths.keys() - KINDS.keys():
        raise ValueError(f"There is no checkpoint {', '.join(unknown)}. Choose from {', '.join(KINDS)}.")
    ensure_made(__name__, paths, ["--out", str(folder), "--format", file_format])
    return paths
