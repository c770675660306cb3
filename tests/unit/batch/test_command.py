import os
import subprocess
import sys
from pathlib import Path

import pytest
from afterdetail.batch.__main__ import main
from PIL import Image
from rig.comfyui import ROOT

PACKAGE = os.environ | {"PYTHONPATH": str(ROOT / ".pack")}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder `in`, and one with a picture."""
    (tmp_path / "in").mkdir()
    (tmp_path / "one").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "one" / "a.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def python(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, env=PACKAGE, capture_output=True, text=True, timeout=120)


def test_without_tqdm_it_says_what_to_install(tmp_path):
    """-S: without the installed packages."""
    done = python("-S", "-m", "afterdetail.batch", tmp_path, "--output", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr == "This batch needs tqdm. To install: pip install tqdm\n"
    done = python("-S", "-m", "afterdetail.batch", tmp_path, "--output", tmp_path / "out", "--ray", "local")
    assert done.stderr == "This batch needs tqdm and ray. To install: pip install tqdm ray\n"


def test_the_client_imports_no_more_than_it_needs():
    done = python(
        "-c",
        "import sys, afterdetail.batch.command\n"
        "print(sorted({'torch', 'ray', 'requests', 'filelock', 'comfy', 'folder_paths'} & set(sys.modules)))",
    )
    assert done.stdout.split() == ["[]"], done.stderr


def test_ray_sends_no_statistics():
    done = python("-c", "import os, afterdetail.batch.cluster; print(os.environ['RAY_USAGE_STATS_ENABLED'])")
    assert done.stdout.split() == ["0"], done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "--output"),
        (["--output", "out"], 2, "name a SOURCE or --urls FILE"),
        (["in", "--output", "out", "--server", "ftp://host"], 2, "is no address"),
        (["in", "--output", "out", "--server", "host:port"], 2, "is no address"),
        (["in", "--output", "out", "--jobs", "0"], 2, "--jobs has to be 1 or more"),
        (["in", "--output", "out", "--api", "http://host", "--server", "host"], 2, "--api takes the place of"),
        (["in", "--output", "out", "--api", "ftp://host"], 2, "--api ftp://host is no address"),
        (["gone", "--output", "out"], 1, "gone is no folder, file, pattern or URL. Correct the path."),
        (["in", "--output", "out", "--workflow", "gone.json"], 1, "The workflow gone.json cannot be read"),
        (["in", "--output", "out", "--set", "Nobody.steps=1"], 1, "names no node of the workflow"),
        (["in", "--output", "out"], 1, "There is no picture in in."),
        (["one/a.png", "--output", "one"], 1, "one/a.png, which is the source "),
        (["one/*.png", "--output", "one/../one"], 1, "Name another --output folder, or add a --suffix"),
        (["one", "--output", "out", "--suffix", "../one"], 2, "cannot end a file's name"),
        (["one", "--output", "out", "--ray", "127.0.0.1:1"], 1, "There is no Ray cluster at 127.0.0.1:1"),
        (["--urls", "gone.txt", "--output", "out"], 1, "gone.txt"),
    ],
)
def test_mistakes_are_told_in_a_sentence(arguments, code, said, folder, capsys):
    try:
        assert main(arguments) == code
    except SystemExit as end:
        assert end.code == code
    assert said in capsys.readouterr().err
