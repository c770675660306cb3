"""The training of tools/face_model, for a few steps; nothing here trains a model that anybody uses."""

from pathlib import Path

import numpy as np
import pytest
import torch
from face_model import corpus, held_out, learner, train, windows
from face_model.mending import alphas_cumprod, example
from face_model.pairs import load_windows, smeared
from face_model.train import Plan, train_unet, train_vae
from PIL import ImageOps
from rig.make import TRAINED
from rig.photos import face_patch

PLAN = Plan(steps=4, batch=2, cells=8, pairs=3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A state with a few windows and pictures."""
    for part in ("faces", "whole"):
        (tmp_path / part).mkdir()
        for place, height in enumerate((60, 90, 120)):
            face_patch("portrait", height)[0].save(tmp_path / part / f"{place}.webp")
    return tmp_path


def weights(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "weights.npz") as file:
        return {key: file[key] for key in file.files}


class Stopped(Exception):
    pass


def test_a_training_that_was_stopped_ends_as_one_that_was_not(folder, monkeypatch):
    monkeypatch.setattr(learner, "SAVE_SECONDS", 0)
    train_unet(PLAN, folder)
    straight = weights(folder)
    for left in ("unet.pt", "weights.npz"):
        (folder / left).unlink()

    calls = []

    def stop_at_the_third(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise Stopped
        return example(*arguments)

    monkeypatch.setattr(train, "example", stop_at_the_third)
    (folder / "pairs.pt").unlink()
    with pytest.raises(Stopped):
        train_unet(PLAN, folder)
    monkeypatch.undo()
    train_unet(PLAN, folder)
    resumed = weights(folder)
    assert resumed.keys() == straight.keys()
    for key, value in straight.items():
        np.testing.assert_array_equal(resumed[key], value, err_msg=key)


def test_training_changes_the_unet_and_keeps_vae_and_names(folder):
    train_unet(PLAN, folder)
    with np.load(TRAINED) as committed:
        trained = weights(folder)
        assert trained.keys() == set(committed.files)
        changed = {key for key, value in trained.items() if not np.array_equal(value, committed[key])}
    assert any(key.startswith("model.diffusion_model.") for key in changed)
    assert not any(key.startswith("first_stage_model.") for key in changed)


def test_the_vae_learns_too(folder):
    train_vae(Plan(steps=2, batch=3, cells=8, float32=True, fresh=True), folder)
    assert weights(folder)["first_stage_model.vae_scale"] > 0


def test_the_model_is_asked_for_the_clean_latents():
    alphas = alphas_cumprod()
    pairs = torch.stack([torch.zeros(4, 4, 12, 12), torch.ones(4, 4, 12, 12)])
    shown = example(pairs, alphas, 64, 8, (40, 280))
    kept = alphas[shown.timesteps][:, None, None, None]
    clean = (shown.noisy - (1 - kept).sqrt() * shown.wanted) / kept.sqrt()
    torch.testing.assert_close(clean, torch.zeros_like(clean), atol=1e-4, rtol=0)


def test_a_window_is_broken_in_its_middle_only(folder):
    faces, sharpness = load_windows(folder / "faces")
    whole = faces.float() / 255
    changed = (smeared(whole) != whole).any(1)
    assert changed[:, 320, 320].all()
    assert not changed[:, :180].any()
    assert (sharpness >= 0.25).all()


def test_the_same_face_is_known_again_and_another_is_not():
    portrait, garden = (face_patch(name, 100)[0] for name in ("portrait", "garden"))
    known = np.stack([windows.thumbnail(portrait)])
    assert windows.likeness(ImageOps.mirror(portrait), known) > 0.99
    assert windows.likeness(garden, known) < windows.TWIN


def test_held_out_faces_lie_in_their_pictures_and_forty_were_never_met():
    assert len(held_out.strangers()) == 40
    known = set(corpus.names())
    for face in held_out.faces():
        assert face.picture in known
        picture = face.open()
        x0, y0, x1, y1 = face.box
        assert 0 <= x0 < x1 <= picture.width
        assert 0 <= y0 < y1 <= picture.height
        assert max(x1 - x0, y1 - y0) >= 72
