"""What somebody who asked for a job is told when it fails: one sentence of ours, and no place on the server."""

import errno
from typing import Any

import pytest
from afterdetail.api.errors import Refused
from afterdetail.api.failed_jobs import failure, outputs_of, refused_graph, shortened

ROOT = "/srv/comfy ui/models"
GRAPH = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sub/photo.safetensors"}},
    "2": {"class_type": "LoraLoader", "inputs": {"lora_name": "lines.safetensors"}},
    "3": {"class_type": "AfterDetail", "inputs": {}, "_meta": {"title": "After Detailer"}},
    "4": {"class_type": "VAEDecode", "inputs": {}, "_meta": {"title": "Decode"}},
}


def answer(node_id: str, kind: str, text: str) -> Refused:
    message = {"node_id": node_id, "node_type": GRAPH[node_id]["class_type"]}
    message |= {"exception_type": kind, "exception_message": text}
    entry = {"status": {"status_str": "error", "messages": [["execution_error", message]]}, "outputs": {}}
    with pytest.raises(Refused) as caught:
        outputs_of(entry, GRAPH, {ROOT})
    assert len(str(caught.value)) <= 300 and "/srv" not in str(caught.value) and "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("node_id", "kind", "text", "status", "words"),
    [
        (
            "1",
            "RuntimeError",
            f"ERROR: Could not detect model type of: {ROOT}/checkpoints/sub/photo.safetensors\n",
            500,
            "The checkpoint 'photo' cannot be used: it is no checkpoint, or of a kind",
        ),
        (
            "1",
            "_pickle.UnpicklingError",
            "Weights only load failed. " * 9000,
            500,
            "'photo' cannot be used: it is damaged",
        ),
        (
            "2",
            "safetensors_rust.SafetensorError",
            "header too large",
            500,
            "The LoRA 'lines' cannot be used: it is damaged",
        ),
        (
            "1",
            "ValueError",
            f"Error while deserializing header\n\nFile path: {ROOT}",
            500,
            "'photo' cannot be used: it is dam",
        ),
        ("2", "KeyError", "'101'", 500, "The LoRA 'lines' cannot be used: it is no LoRA"),
        ("1", "FileNotFoundError", f"Model {ROOT}/x not found", 500, "'photo' cannot be used: it is no longer on this"),
        ("3", "ValueError", "There is no face. Use another detector.", 500, "There is no face. Use another detector."),
        (
            "3",
            "ValueError",
            f"The file {ROOT}/ultralytics/x.pt is damaged.",
            500,
            "The file ultralytics/x.pt is damaged.",
        ),
        ("3", "ValueError", "word " * 100, 500, "..."),
        ("3", "RuntimeError", "mat1 and mat2 shapes", 500, "failed at the step 'After Detailer' (RuntimeError)."),
        ("4", "ValueError", "/etc/secret", 500, "The server failed at the step 'Decode' (ValueError)."),
        ("4", "torch.OutOfMemoryError", "CUDA out of memory", 503, "not enough memory"),
    ],
)
def test_a_failed_node(node_id, kind, text, status, words):
    found = answer(node_id, kind, text)
    assert found.status == status and words in str(found)


def test_what_the_client_is_not_told_is_in_the_log(caplog):
    answer("4", "RuntimeError", "the tensors do not match")
    assert "the tensors do not match" in caplog.text and "VAEDecode" in caplog.text


def test_a_file_that_is_gone_before_its_graph_is_queued():
    def problems(kind: str) -> dict[str, Any]:
        return {"1": {"errors": [{"type": kind, "message": "Value not in list"}]}}

    gone = refused_graph(GRAPH, problems("value_not_in_list"), {})
    assert isinstance(gone, Refused) and gone.status == 503 and "'photo' is no longer on this server" in str(gone)
    assert isinstance(refused_graph(GRAPH, problems("value_smaller_than_min"), {}), RuntimeError)


def test_a_full_disk_is_said_to_be_one_and_the_log_names_the_file(caplog):
    found = failure("A task", OSError(errno.ENOSPC, "No space left on device", "/srv/temp/x.png"))
    assert found.status == 503 and "no space left on its disk" in str(found) and "/srv" not in str(found)
    assert "[Errno 28]" in caplog.text and "/srv/temp/x.png" in caplog.text
    assert failure("x", KeyError("y")).status == 500


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cannot open '/a/b/c.pt'", "cannot open 'c.pt'"),
        (r"cannot open C:\Users\me\c.pt now", "cannot open c.pt now"),
        ("use 1/2 or a/b", "use 1/2 or a/b"),
        ("", ""),
    ],
)
def test_no_folder_of_the_server_is_shown(text, expected):
    assert shortened(text) == expected
