"""The services' own Python packages, unchanged but for the address they are given."""

import asyncio
import base64
from io import BytesIO

import pytest
from PIL import Image
from rig.service import BEARER, KEY, as_base64, photo, picture, pixels, square_mask

httpx = pytest.importorskip("httpx", reason="tests/requirements.txt installs octoai, which needs it")
octoai_client = pytest.importorskip("octoai.client", reason="tests/requirements.txt installs octoai")
octoai_environment = pytest.importorskip("octoai.environment")
novita_client = pytest.importorskip("novita_client", reason="tests/requirements.txt installs novita-client")


@pytest.fixture(scope="module")
def environment(service):
    return octoai_environment.OctoAIEnvironment(default=service.url, image_gen=service.url, text_gen=service.url)


@pytest.fixture(scope="module")
def octoai(environment):
    # `infer` sends none of the client's own headers, so they are given to what sends its requests.
    sender = httpx.Client(headers=BEARER, timeout=300)
    return octoai_client.OctoAI(api_key=KEY, environment=environment, timeout=300, httpx_client=sender)


def test_octoai_makes_pictures_with_sdxl(octoai):
    answer = octoai.image_gen.generate_sdxl(
        prompt="an octopus", steps=2, width=896, height=1152, num_images=2, seed=7, image_encoding="png"
    )
    sizes = [picture(item.image_b64).size for item in answer.images]
    assert sizes == [(896, 1152)] * 2 and [item.seed for item in answer.images] == [7, 8]
    assert not any(item.removed_for_safety for item in answer.images) and answer.prediction_time_ms > 0


def test_octoai_makes_pictures_along_another(octoai):
    answer = octoai.image_gen.generate_controlnet_sdxl(
        prompt="an octopus",
        controlnet="pico-sdxl-controlnet",
        controlnet_image=as_base64(photo()),
        controlnet_preprocess=True,
        steps=1,
        sampler="K_EULER",
    )
    assert picture(answer.images[0].image_b64).size == (1024, 1024)


def test_octoai_asynchronous_client(environment):
    async def generate():
        client = octoai_client.AsyncOctoAI(api_key=KEY, environment=environment, timeout=300)
        return await client.image_gen.generate_sdxl(prompt="an octopus", steps=2, seed=[3], num_images=1)

    assert asyncio.run(generate()).images[0].seed == 3


def test_octoai_infer_reaches_adetailer_and_sd(octoai, service):
    fields = {
        "init_image": as_base64(photo()),
        "detector": "face_full_mediapipe",
        "inpainting_base_model": "sd15",
        "steps": 2,
    }
    answer = octoai.infer(f"{service.url}/adetailer", fields)
    assert (answer["num_objects_detected"], answer["num_objects_inpainted"]) == (1, 1)
    assert picture(answer["image_b64"]).size == (512, 512)
    made = octoai.infer(f"{service.url}/generate/sd", {"prompt": "an octopus", "steps": 2})
    assert picture(made["images"][0]["image_b64"]).size == (512, 512)


def test_octoai_reads_our_refusals(octoai):
    errors = pytest.importorskip("octoai.image_gen.errors.unprocessable_entity_error")
    with pytest.raises(errors.UnprocessableEntityError) as caught:
        octoai.image_gen.generate_sdxl(prompt="an octopus", steps=201)
    (detail,) = caught.value.body.detail
    assert detail.loc == ["body", "steps"] and "200" in detail.msg


def test_novita_inpaints_and_loads_the_pictures(service):
    client = novita_client.NovitaClient(KEY, base_url=service.url)
    source = photo().resize((256, 256))
    answer = client.inpainting(
        model_name="nano-sd15",
        image=source,
        mask=square_mask(256),
        prompt="an octopus",
        image_num=2,
        sampler_name=novita_client.Samplers.EULER_A,
        steps=2,
        guidance_scale=7,
        seed=5,
        clip_skip=1,
        strength=0.9,
        response_image_type="png",
    )
    assert answer.finished() and answer.extra.seed == 5 and len(answer.images_encoded) == 2
    first, second = (pixels(Image.open(BytesIO(base64.b64decode(item)))) for item in answer.images_encoded)
    assert (first[140:] == pixels(source)[140:]).all() and (first != second).any()
    assert (first[70:120, 70:120] != pixels(source)[70:120, 70:120]).any()


def test_novita_sees_a_wrong_key_and_a_wrong_value(service):
    wrong = novita_client.NovitaClient("not-a-key", base_url=service.url)
    with pytest.raises(novita_client.NovitaResponseError, match="401"):
        wrong.async_task_result("00000000-0000-4000-8000-000000000000")
    right = novita_client.NovitaClient(KEY, base_url=service.url)
    arguments = ("nano-sd15", as_base64(photo()), as_base64(square_mask(256)), "a", 1, "Euler", 2, 7.0, 5)
    with pytest.raises(novita_client.NovitaResponseError, match="mask_image_base64 is 256x256"):
        right.async_inpainting(*arguments)


def test_novita_lists_the_models_that_the_other_routes_take(service):
    client = novita_client.NovitaClient(KEY, base_url=service.url)
    listed = client.models_v3()
    names = {(model.type.name, model.sd_name) for model in listed}
    assert {("checkpoint", "nano-sd15.ckpt"), ("lora", "nano-sd15-lora.safetensors")} <= names
    assert {kind for kind, _ in names} == {"checkpoint", "lora", "textualinversion", "vae"}
    assert len(names) == len(listed) and not any("/" in name for _, name in names)
    assert client.query_model_v3(query="INPAINT", types="checkpoint").models[0].sd_name == "nano-sd15-inpaint.ckpt"
    (only,) = client.query_model_v3(is_inpainting=True).models
    assert (only.name, only.base_model) == ("nano-sd15-inpaint", "SD 1.5")


def test_novita_lists_page_by_page(service):
    client = novita_client.NovitaClient(KEY, base_url=service.url)
    whole = [model.sd_name for model in client.query_model_v3().models]
    paged, cursor = [], None
    while cursor != "":
        page = client.query_model_v3(limit="2", cursor=cursor)
        paged += [model.sd_name for model in page.models]
        cursor = page.pagination.next_cursor
    assert paged == whole and len(whole) > 4


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"pagination.limit": "101"}, "pagination.limit is '101': use a whole number from 1 to 100"),
        ({"pagination.cursor": "x"}, "pagination.cursor is 'x'"),
        ({"filter.types": "checkpoint,lara"}, "filter.types.1 'lara'. Nearest: lora"),
        ({"filter.is_inpainting": "maybe"}, "filter.is_inpainting is 'maybe'"),
    ],
)
def test_novita_refuses_a_query_that_means_nothing(service, query, words):
    answer = service.send("GET", "/v3/model", params=query, headers=BEARER)
    assert answer.status_code == 400 and words in answer.json()["message"]
