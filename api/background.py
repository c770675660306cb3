"""Jobs that go on after their request is answered, and keep their results as a task."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

from .errors import Refused
from .failed_jobs import failure
from .graphs import Built
from .queueing import QueuedJob
from .service import Caller, Service
from .tasks import Task


async def start(service: Service, task: Task, built: Built, caller: Caller, held: AsyncExitStack) -> None:
    """Keep the task and work on it: the caller's place and what is `held` are given back when that ends."""
    await service.tasks.create(task)
    held.push_async_exit(caller.held.pop_all())
    work = asyncio.create_task(_work(service, task, built, caller, held.pop_all()))
    service.background.add(work)
    work.add_done_callback(service.background.discard)


async def _work(service: Service, task: Task, built: Built, caller: Caller, held: AsyncExitStack) -> None:
    def started(job: QueuedJob) -> None:
        service.tasks.jobs[task.id] = job

    caller = replace(caller, wanted=lambda: True)
    async with held:
        try:
            done = await service.run(built, caller, started)
            pictures = [file for file in await done.files(task.image_type) if file is not None]
            await service.tasks.succeed(task, pictures)
        except Refused as error:
            await service.tasks.fail(task, str(error))
        except Exception as error:
            await service.tasks.fail(task, str(failure("A task", error)))
