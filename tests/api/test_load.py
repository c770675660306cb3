"""Many clients at once, in small; benchmarks/service.py does it in full."""

from rig.crowd_of_clients import EXPECTED_WHEN_BROKEN, storm
from rig.service import KEY, OTHER_KEY

CLIENTS, REQUESTS = 8, 60


def test_every_request_is_answered_and_the_server_stays_itself(service):
    storm(service, [KEY], 2, 10)  # loads the models
    seen = storm(service, [KEY, OTHER_KEY], CLIENTS, REQUESTS)
    assert sum(seen.statuses.values()) == REQUESTS
    for (status, broken), _ in seen.statuses.items():
        assert status in EXPECTED_WHEN_BROKEN if broken else status == 200, seen.statuses
    assert sum(count for (_, broken), count in seen.statuses.items() if broken) == REQUESTS // 10
    assert seen.growth() < 1.1
    quick = sorted(seen.queue_seconds)
    assert quick[len(quick) // 2] < 0.5  # on an idle machine under 0.05, see benchmarks/README.md
    assert service.get("/history").json() == {}
