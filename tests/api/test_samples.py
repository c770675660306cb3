"""The code samples of the services' documentation, with another host and key.

What the samples only name is given: the pictures they read, values for their placeholders, the model file, and a
stand-in for matplotlib, which the canny sample imports and does not use.
"""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from fixtures.drawn_faces import draw
from PIL import Image
from rig.comfyui import ROOT
from rig.service import KEY, as_base64, photo, picture, square_mask, task_result
from rig.waiting import until

SAMPLES = ROOT / "tests" / "fixtures" / "samples"
HOSTS = ("https://image.octoai.run", "https://api.segmind.com", "http://api.novita.ai")
NOVITA_MODEL = "realisticVisionV40_v40VAE-inpainting_81543.safetensors"
SOURCE = "https://segmind-sd-models.s3.amazonaws.com/display_images/face-detailer-test-ip.png"


@pytest.fixture
def run(service, tmp_path):
    """Run a sample in a folder of its own; returns what it printed."""

    def run(name: str, **changes: str) -> bytes:
        text = (SAMPLES / name).read_text(encoding="utf-8")
        for host in HOSTS:
            text = text.replace(host, service.url)
        for before, after in changes.items():
            assert before in text
            text = text.replace(before, after)
        script = tmp_path / name.removesuffix(".txt")
        script.write_text(text, encoding="utf-8")
        interpreter = ["bash", "-e"] if script.suffix == ".sh" else [sys.executable]
        if script.suffix == ".sh" and not (shutil.which("bash") and shutil.which("curl")):
            pytest.skip("bash or curl is not installed")
        environment = {**os.environ, "OCTOAI_TOKEN": KEY, "NO_PROXY": "*"}
        done = subprocess.run(
            [*interpreter, script], cwd=tmp_path, env=environment, capture_output=True, timeout=300, check=True
        )
        return done.stdout

    return run


def test_curl_adetailer(run):
    drawn, _ = draw(np.random.default_rng(0), 1024, 1024, radius=(0.1, 0.2))  # which the small YOLO file knows
    face = Image.fromarray((drawn * 255).astype(np.uint8))
    small = as_base64(face, "JPEG", quality=30)  # a shell's argument holds 128 kB
    answer = json.loads(run("octoai_adetailer.sh", **{"$BASE64_IMAGE": small}))
    assert picture(answer["image_b64"]).size == (1024, 1024)
    assert answer["num_objects_detected"] == answer["num_objects_inpainted"] == 1


def test_curl_text_to_image(run, tmp_path):
    run("octoai_text2img.sh")
    (image,) = json.loads((tmp_path / "response.json").read_text())["images"]
    assert picture(image["image_b64"]).size == (1024, 1024) and image["seed"] == 2748252853


def test_requests_text_to_image(run, tmp_path):
    run("octoai_text2img.py.txt")
    assert Image.open(tmp_path / "result_image0.jpg").size == (1024, 1024)


def test_requests_inpainting(run, tmp_path):
    photo().save(tmp_path / "dog.jpg")
    square_mask().save(tmp_path / "dogmask.jpg")
    run("octoai_inpainting.py.txt")
    assert Image.open(tmp_path / "result_image0.jpg").size == (1024, 1024)


def test_requests_controlnet(run, tmp_path):
    pytest.importorskip("cv2", reason="tests/requirements.txt installs opencv")
    photo().save(tmp_path / "cat.jpeg")
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "matplotlib" / "__init__.py").touch()
    (tmp_path / "matplotlib" / "pyplot.py").touch()
    run("octoai_canny.py.txt")
    assert Image.open(tmp_path / "result_image0.jpg").size == (1024, 1024)


def test_requests_face_detailer(run, service):
    source = service.base / "input" / "face-detailer-test-ip.png"
    photo().save(source)
    there = f"{service.url}/view?filename={source.name}&type=input"
    printed = run("segmind_face_detailer.py.txt", **{SOURCE: there, "YOUR_API_KEY": KEY})
    source.unlink()
    assert printed.startswith(b"b'\\xff\\xd8\\xff")  # the bytes of a JPEG, as print shows them


def test_curl_inpainting(run, service):
    inpaint = service.base / "models" / "checkpoints" / "nano-sd15-inpaint.ckpt"
    link = inpaint.with_name(NOVITA_MODEL).with_suffix(".ckpt")
    link.symlink_to(inpaint.resolve())
    values = {
        "{{key}}": KEY,
        "{{base64 encoded image}}": as_base64(photo(256), "JPEG"),
        "{{base64 encoded mask image}}": as_base64(square_mask(256)),
    }
    answer = json.loads(run("novita_inpainting.sh", **values))
    assert answer["code"] == 0 and answer["msg"] == ""
    task_id = answer["data"]["task_id"]
    until(lambda: task_result(service, task_id)["task"]["status"] == "TASK_STATUS_SUCCEED", "done")
    link.unlink()


def test_the_example_of_the_services_page(service, tmp_path):
    page = (ROOT / "api" / "README.md").read_text(encoding="utf-8")
    example = page.partition("<!-- example")[2].partition("```python\n")[2].partition("```")[0]
    example = example.replace("http://127.0.0.1:8188", service.url).replace("YOUR_KEY", KEY)
    photo(320).save(tmp_path / "photo.png")
    (tmp_path / "example.py").write_text(example, encoding="utf-8")
    subprocess.run([sys.executable, "example.py"], cwd=tmp_path, timeout=300, check=True)
    repaired = np.asarray(Image.open(tmp_path / "repaired.png"), np.int16)
    source = np.asarray(photo(320), np.int16)
    assert (repaired[40:110, 110:170] != source[40:110, 110:170]).any() and (repaired[200:] == source[200:]).all()
