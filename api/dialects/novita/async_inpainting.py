"""POST /v3/async/inpainting, GET /v3/async/task-result and the links in its answer."""

from __future__ import annotations

from contextlib import AsyncExitStack

from aiohttp import web

from ....detailer.box import Size
from ... import assets, background, images
from ...errors import invalid
from ...graphs import Assets, Built, Inpainting, Words, in_graph, inpaint, with_embeddings
from ...service import Caller, Service, seed_or_random
from ...sizes import require_makeable, require_sides
from ...tasks import Task
from ...workspace import Workspace, workspace
from .messages import STATES, InpaintingParameters, InpaintingRequest, TaskExtra, TaskImage, TaskResult, TaskState

IMAGE_PATH = "/afterdetail/task-image"


async def accept(service: Service, caller: Caller, body: InpaintingRequest) -> web.Response:
    """Check everything, then work in the background."""
    request = body.request
    seed = seed_or_random(request.seed)
    async with AsyncExitStack() as held:
        encoding = body.extra.response_image_type
        built = await _graph(service, request, await held.enter_async_context(workspace()), seed, encoding)
        task = Task(caller.client, seed, encoding)
        await background.start(service, task, built, caller, held)
    return web.json_response({"code": 0, "msg": "", "data": {"task_id": task.id}, "task_id": task.id})


async def result(service: Service, request: web.Request, client: str) -> web.Response:
    """What became of a task: status, progress, links."""
    tasks = service.tasks
    task = await tasks.find(request.query.get("task_id", ""), client)
    job = tasks.jobs.get(task.id) if task.status == "QUEUED" else None
    progress = job.progress() if job else None
    status = STATES[task.status] if progress is None else "TASK_STATUS_PROCESSING"
    percent = 100 if task.status == "SUCCEED" else min(int((progress or 0) * 100), 99)
    base = service.settings.public_url or str(request.url.origin())
    links = [tasks.link(task, place) for place in range(task.images)]
    answer = TaskResult(
        extra=TaskExtra(seed=task.seed),
        task=TaskState(task_id=task.id, status=status, reason=task.reason, progress_percent=percent),
        images=[
            TaskImage(
                image_url=f"{base.rstrip('/')}{IMAGE_PATH}?{link.query}",
                image_url_ttl=link.seconds,
                image_type=task.image_type,
            )
            for link in links
        ],
    )
    return web.json_response(answer.model_dump())


async def image(service: Service, request: web.Request, client: str) -> web.StreamResponse:
    """The picture a link leads to. The link itself is the permission."""
    query = [request.query.get(name, "") for name in ("task_id", "index", "expires", "signature")]
    path = await service.tasks.image(*query)
    return web.FileResponse(path, headers={"Content-Type": images.MIME[path.suffix[1:]]})


async def _graph(service: Service, request: InpaintingParameters, files: Workspace, seed: int, encoding: str) -> Built:
    file = assets.find("model_name", "checkpoints", request.model_name)
    loras = assets.loras({lora.model_name: lora.strength for lora in request.loras})
    vae = assets.find("sd_vae", "vae", request.sd_vae) if request.sd_vae else None
    traits = await assets.traits_of(file)
    embeddings = {
        item.model_name: assets.embedding("embeddings", item.model_name, traits.kind) for item in request.embeddings
    }
    words = Words(with_embeddings(request.prompt, embeddings), with_embeddings(request.negative_prompt, embeddings))
    paint = Inpainting(sampling=request.sampling, seed=seed, inpaint_model=traits.inpaint, **in_graph(request))
    names = await _saved(service, request, files, encoding)
    chosen = Assets(file, loras, vae, request.clip_skip)
    return inpaint(chosen, words, names, paint, request.image_num, service.checking())


async def _saved(service: Service, request: InpaintingParameters, files: Workspace, encoding: str) -> tuple[str, str]:
    """LoadImage's names of the picture and of its mask."""
    picture = await service.reader.read("image_base64", request.image_base64)
    mask = await service.reader.read("mask_image_base64", request.mask_image_base64)
    size = Size(*picture.size)
    require_sides("image_base64", size)
    require_makeable("image_num", size, request.image_num, encoding, service.settings.max_pixels)
    if picture.size != mask.size:
        raise invalid(
            "mask_image_base64",
            f"mask_image_base64 is {Size(*mask.size)} and image_base64 is {Size(*picture.size)}. Send a mask of the "
            "picture's size.",
        )
    return await files.save(picture), await files.save(mask)
