"""Keys, the machine's own clients, and the places of each key."""

import asyncio

import pytest
from afterdetail.api.access import NOBODY, Lanes, client_of
from afterdetail.api.errors import Refused
from aiohttp.test_utils import make_mocked_request

KEYS = ("first-key-first-key", "second-key-second-key")


class Transport:
    """Stands for a connection: all that is asked of it is where it comes from."""

    def __init__(self, address: str):
        self.address = address

    def get_extra_info(self, name: str, default=None):
        return (self.address, 4000) if name == "peername" else default


def request(address: str = "127.0.0.1", host: str = "127.0.0.1:8188", **headers: str):
    named = {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return make_mocked_request("POST", "/adetailer", headers=named, transport=Transport(address))


def test_a_key_by_either_header_names_the_same_client():
    by_bearer = client_of(request("203.0.113.9", Authorization=f"Bearer {KEYS[1]}"), KEYS)
    by_header = client_of(request("203.0.113.9", x_api_key=KEYS[1]), KEYS)
    assert by_bearer == by_header != client_of(request(x_api_key=KEYS[0]), KEYS)
    assert KEYS[1] not in by_bearer


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {KEYS[0]}"},
        {"x_api_key": KEYS[0][:-1]},
        {"x_api_key": KEYS[0].upper()},
        {"x_api_key": "\u00e9"},
    ],
)
def test_without_a_right_key_nobody_is_served(headers):
    with pytest.raises(Refused) as caught:
        client_of(request(**headers), KEYS)
    assert caught.value.status == 401 and KEYS[0] not in str(caught.value)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_without_keys_this_machine_is_served(address):
    assert client_of(request(address), ()) == NOBODY


@pytest.mark.parametrize("host", ["localhost:8188", "localhost", "[::1]:8188", "127.0.0.1"])
def test_under_the_names_of_this_machine(host):
    assert client_of(request(host=host), ()) == NOBODY


@pytest.mark.parametrize(
    "arguments",
    [
        {"address": "192.168.1.7"},
        {"address": "203.0.113.9"},
        {"address": "2001:db8::1"},
        {"X_Forwarded_For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"X_Real_IP": "203.0.113.9"},
        {"Via": "1.1 proxy"},
        {"host": "attacker.example"},
        {"host": "attacker.example:8188"},
    ],
)
def test_without_keys_nobody_else_is(arguments):
    with pytest.raises(Refused) as caught:
        client_of(request(**arguments), ())
    assert caught.value.status == 401


def test_jobs_of_a_key_are_queued_in_the_order_they_came():
    """The first takes longest to prepare."""
    queued = []

    async def job(lanes: Lanes, name: int, preparing: float) -> None:
        async with lanes.place("key") as turn:
            turn.line_up()
            await asyncio.sleep(preparing)
            await turn.wait()
            queued.append(name)
            turn.pass_on()

    async def run() -> None:
        lanes = Lanes(limit=8)
        await asyncio.gather(*(job(lanes, name, 0.05 - name / 100) for name in range(5)))
        assert not lanes.lanes

    asyncio.run(run())
    assert queued == [0, 1, 2, 3, 4]


def test_a_job_that_fails_before_it_is_queued_lets_the_next_pass_behind_those_before():
    async def run() -> None:
        lanes = Lanes(limit=8)
        async with lanes.place("key") as first, lanes.place("key") as last:
            first.line_up()
            with pytest.raises(ZeroDivisionError):
                async with lanes.place("key") as failing:
                    failing.line_up()
                    last.line_up()
                    raise ZeroDivisionError
            waiting = asyncio.create_task(last.wait())
            await asyncio.sleep(0.05)
            assert not waiting.done()
            first.pass_on()
            await asyncio.wait_for(waiting, 10)

    asyncio.run(run())


def test_a_slow_upload_holds_nobody_up():
    async def run() -> None:
        lanes = Lanes(limit=8)
        async with lanes.place("key"), lanes.place("key") as quick:
            quick.line_up()
            await asyncio.wait_for(quick.wait(), 10)

    asyncio.run(run())


def test_a_key_has_so_many_places_and_another_key_has_its_own():
    async def run() -> None:
        lanes = Lanes(limit=2)
        async with lanes.place("key"), lanes.place("key"):
            with pytest.raises(Refused) as caught:
                async with lanes.place("key"):
                    raise AssertionError("a third place")
            assert caught.value.status == 429 and int(caught.value.headers["Retry-After"]) >= 1
            async with lanes.place("other"):
                pass
        async with lanes.place("key"):
            pass

    asyncio.run(run())
