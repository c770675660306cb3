"""What the pack needs to start."""

import subprocess
import sys

from rig.comfyui import ROOT


def test_it_starts_without_what_comfyui_can_do_without():
    code = "import sys; sys.modules['kornia'] = None; import afterdetail.hints.structure"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT / ".pack", check=True)
