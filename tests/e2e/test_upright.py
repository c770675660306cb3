"""A face that stands on its head, in real graphs: shown to the model upright, and everything else as it was."""

import torch
from rig.prompts import node
from rig.scenes import psnr


def fallen(photo: torch.Tensor) -> torch.Tensor:
    return photo.rot90(2, (1, 2)).contiguous()


def test_an_upside_down_face_is_painted_upright(bench, photo):
    done = bench.detail(fallen(photo), detector="face_auto", upright=True)
    [face] = done.objects
    assert face["status"] == "inpainted" and abs(abs(face["turn"]) - 180) < 8
    assert torch.equal(done.image[done.mask == 0], fallen(photo)[done.mask == 0])
    assert float((done.image != fallen(photo)).any(-1)[done.mask > 0.5].float().mean()) > 0.99


def test_an_upright_face_is_painted_as_ever(bench, photo):
    plain, upright = (bench.detail(photo, seed=5, upright=choice) for choice in (False, True))
    assert torch.equal(plain.image, upright.image) and upright.objects[0]["turn"] == 0


def test_crops_of_foreign_boxes_stand_upright_and_go_back(bench, photo):
    """The chain of nodes, on a box that says nothing of what is in it, and the canvas's picture of it."""
    lying = photo.rot90(-1, (1, 2)).contiguous()
    box = {"x": 330, "y": 175, "width": 110, "height": 100}
    graph = {
        "image": bench.load(lying),
        "box": node("AfterDetailFromBoxes", image=["image", 0], bboxes=box),
        "regions": node("AfterDetailRegions", image=["image", 0], detections=["box", 0], upright=True),
        "crop": node("AfterDetailCrop", image=["image", 0], regions=["regions", 0]),
        "paste": node("AfterDetailPaste", image=["image", 0], regions=["crop", 2], crops=["crop", 0]),
        "again": node("AfterDetailDetect", image=["crop", 0], detector="face_auto"),
        "seen": node("AfterDetailRegions", image=["crop", 0], detections=["again", 0], upright=True),
    }
    tensors, entry = bench.run(graph, crops=["crop", 0], image=["paste", 0], mask=["regions", 1], upright=["seen", 1])
    assert tensors["upright"].any()
    assert torch.equal(tensors["image"][tensors["mask"] == 0], lying[tensors["mask"] == 0])
    assert psnr(tensors["image"], lying) > 45
    live = {name: entry["outputs"][name]["afterdetail"][0]["token"] for name in ("regions", "seen")}
    turns = [shown(bench, live[name])["turn"] for name in ("regions", "seen")]
    assert abs(turns[0] - 90) < 10 and turns[1] == 0


def shown(bench, token: str) -> dict:
    """The one object of a run as the canvas gets it."""
    answer = bench.comfy.post("/afterdetail/preview", json={"token": token, "image": 0, "widgets": {}})
    [found] = answer.json()["objects"]
    return found
