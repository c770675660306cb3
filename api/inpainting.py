"""POST /v3/async/inpainting, GET /v3/async/task-result and the links in its answer."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

from aiohttp import web

from ..detailer.box import Size
from ..detailer.samplers import NOVITA
from . import assets, images, novita
from .detailing import in_hundredths, require_sides
from .errors import Refused, invalid
from .graphs import Assets, Built, Inpainting, Sampling, Words, inpaint, with_embeddings
from .queueing import Job
from .service import Caller, Service, log_failure, random_seed
from .tasks import LINK_SECONDS, Task, TaskStore
from .workspace import Workspace, workspace

IMAGE_PATH = "/afterdetail/task-image"


class Inpainter:
    """Takes tasks, works on them after the request is answered, and tells how they stand."""

    def __init__(self, service: Service, store: TaskStore):
        self._service, self.store = service, store
        self._running: set[asyncio.Task[None]] = set()

    async def accept(self, service: Service, caller: Caller, wish: novita.InpaintingRequest) -> web.Response:
        """Check everything, then work in the background: the caller's place is given back when that ends."""
        request = wish.request
        seed = random_seed() if request.seed < 0 else request.seed
        async with AsyncExitStack() as stack:
            built = await self._graph(request, await stack.enter_async_context(workspace()), seed)
            task = Task(caller.client, seed, wish.extra.response_image_type)
            await self.store.create(task)
            stack.push_async_exit(caller.held.pop_all())
            work = asyncio.create_task(self._work(task, built, caller, stack.pop_all()))
        self._running.add(work)
        work.add_done_callback(self._running.discard)
        return web.json_response({"code": 0, "msg": "", "data": {"task_id": task.id}, "task_id": task.id})

    async def result(self, request: web.Request, client: str) -> web.Response:
        task = await self.store.find(request.query.get("task_id", ""), client)
        job = self.store.jobs.get(task.id) if task.status == "QUEUED" else None
        progress = job.progress() if job else None
        status = novita.STATES[task.status] if progress is None else "TASK_STATUS_PROCESSING"
        percent = 100 if task.status == "SUCCEED" else min(int((progress or 0) * 100), 99)
        base = self._service.settings.public_url or str(request.url.origin())
        links = [f"{base.rstrip('/')}{IMAGE_PATH}?{self.store.link(task, place)}" for place in range(task.images)]
        answer = novita.TaskResult(
            extra=novita.TaskExtra(seed=task.seed),
            task=novita.TaskState(
                task_id=task.id,
                status=status,
                reason=task.reason,
                progress_percent=percent,
            ),
            images=[
                novita.TaskImage(image_url=link, image_url_ttl=LINK_SECONDS, image_type=task.image_type)
                for link in links
            ],
        )
        return web.json_response(answer.model_dump())

    async def image(self, request: web.Request) -> web.StreamResponse:
        query = [request.query.get(name, "") for name in ("task_id", "index", "expires", "signature")]
        path = await self.store.image(*query)
        return web.FileResponse(path, headers={"Content-Type": images.MIME[path.suffix[1:]]})

    async def _graph(self, wish: novita.InpaintingWish, files: Workspace, seed: int) -> Built:
        file = assets.find("model_name", "checkpoints", wish.model_name)
        loras = tuple((assets.find("loras", "loras", lora.model_name), lora.strength) for lora in wish.loras)
        vae = assets.find("sd_vae", "vae", wish.sd_vae) if wish.sd_vae else None
        embeddings = {item.model_name: assets.embedding("embeddings", item.model_name) for item in wish.embeddings}
        words = Words(with_embeddings(wish.prompt, embeddings), with_embeddings(wish.negative_prompt, embeddings))
        paint = Inpainting(
            sampling=Sampling(wish.steps, wish.guidance_scale, NOVITA[wish.sampler_name]),
            denoise=in_hundredths(wish.strength),
            seed=seed,
            mask_blur=wish.mask_blur,
            only_masked=wish.inpainting_full_res,
            padding=wish.inpainting_full_res_padding,
            invert=wish.inpainting_mask_invert,
            fill=novita.FILLS[wish.inpainting_fill],
            noise_multiplier=wish.initial_noise_multiplier,
            inpaint_model=(await assets.traits_of(file)).inpaint,
        )
        names = await self._saved(wish, files)
        chosen = Assets(file, loras, vae, wish.clip_skip)
        return inpaint(chosen, words, names, paint, wish.image_num, self._service.checking())

    async def _saved(self, wish: novita.InpaintingWish, files: Workspace) -> tuple[str, str]:
        """LoadImage's names of the picture and of its mask."""
        picture = await self._service.reader.read("image_base64", wish.image_base64)
        mask = await self._service.reader.read("mask_image_base64", wish.mask_image_base64)
        require_sides("image_base64", Size(*picture.size))
        if picture.size != mask.size:
            raise invalid(
                "mask_image_base64",
                f"mask_image_base64 is {Size(*mask.size)} and image_base64 is {Size(*picture.size)}. Send a mask of "
                "the picture's size.",
            )
        return await files.save(picture), await files.save(mask)

    async def _work(self, task: Task, built: Built, caller: Caller, held: AsyncExitStack) -> None:
        def started(job: Job) -> None:
            self.store.jobs[task.id] = job

        caller = replace(caller, wanted=lambda: True)
        async with held:
            try:
                done = await self._service.run(built, caller, started)
                kept = [picture for place, picture in enumerate(done.pictures) if place not in done.removed]
                contents = [await images.encoded(picture, task.image_type) for picture in kept]
                await self.store.succeed(task, contents)
            except Refused as error:
                await self.store.fail(task, str(error))
            except Exception as error:
                log_failure("A task", error)
                await self.store.fail(task, f"The server failed ({type(error).__name__}); the reason is in its log.")
