import pytest
import torch
from afterdetail.detailer.safety import Concepts

TWO = {"concepts": torch.tensor([[2.0, 0.0], [0.0, 1.0]])}


def test_a_picture_is_removed_from_the_threshold_on():
    concepts = Concepts.of_tensors(TWO, 0.8, "two.safetensors")
    pictures = torch.tensor([[5.0, 0.1], [-1.0, 0.1], [1.0, 1.0], [0.0, 0.3]])
    assert concepts.hit_by(pictures, "two.safetensors") == [True, False, False, True]


def test_a_files_own_thresholds_go_before_the_nodes():
    concepts = Concepts.of_tensors({**TWO, "thresholds": torch.tensor([0.5, 2.0])}, 0.99, "two.safetensors")
    assert concepts.hit_by(torch.tensor([[1.0, 1.0], [0.0, 1.0]]), "two.safetensors") == [True, False]


@pytest.mark.parametrize(
    ("tensors", "sentence"),
    [
        ({}, "x.safetensors is not a concept file"),
        ({"concepts": torch.zeros(3)}, "x.safetensors is not a concept file"),
        ({**TWO, "thresholds": torch.zeros(3)}, "2 concepts and 3 thresholds"),
    ],
)
def test_other_files_are_sentences(tensors, sentence):
    with pytest.raises(ValueError, match=sentence):
        Concepts.of_tensors(tensors, 0.5, "x.safetensors")


def test_another_vision_model_is_a_sentence():
    with pytest.raises(ValueError, match="made for a CLIP vision model of 2 channels, and the one wired in has 3"):
        Concepts.of_tensors(TWO, 0.5, "x").hit_by(torch.zeros(1, 3), "x")
