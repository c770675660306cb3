"""The HTTP service under load: 50 clients at once send 500 requests in mixed sizes, a tenth of them broken."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

CLIENTS, REQUESTS, KEYS = 50, 500, 5
WINDOW = 100


def main() -> None:
    from rig import checkpoints
    from rig.crowd_of_clients import storm
    from rig.make import MODELS_CACHE
    from rig.service import SETTINGS, serving

    checkpoints.ensure_all(["nano-sd15"], MODELS_CACHE / "checkpoints")
    keys = [f"a-key-for-the-benchmark-{index}" for index in range(KEYS)]
    with serving(Path(MODELS_CACHE), {**SETTINGS, "api_keys": keys}) as server:
        storm(server, keys, 2, 10)  # loads the models
        seen = storm(server, keys, CLIENTS, REQUESTS)
    refused = sum(count for (status, _), count in seen.statuses.items() if status != 200)
    first, last = seen.memory[:WINDOW], seen.memory[-WINDOW:]
    queue = sorted(seen.queue_seconds)
    print("| what | measured |")
    print("|---|---|")
    print(f"| answered | {REQUESTS - refused} of {REQUESTS} with a result, {refused} refused as documented |")
    print(f"| requests a second | {REQUESTS / seen.seconds:.1f} |")
    print(f"| memory after the first {WINDOW} answers, most | {max(first) / 2**20:.0f} MB |")
    print(f"| memory after the last {WINDOW} answers, most | {max(last) / 2**20:.0f} MB |")
    print(f"| `GET /queue`, median | {statistics.median(queue) * 1000:.0f} ms |")
    print(f"| `GET /queue`, 99 of 100 | {queue[int(len(queue) * 0.99)] * 1000:.0f} ms |")
    print(f"| `GET /queue`, slowest of {len(queue)} | {queue[-1] * 1000:.0f} ms |")
    if any(status not in (200, 400, 422) for status, _ in seen.statuses):
        sys.exit(f"Unexpected answers: {dict(seen.statuses)}")


if __name__ == "__main__":
    main()
