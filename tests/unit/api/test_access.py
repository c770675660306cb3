"""Keys, the machine's own clients, and the places of each key."""

import asyncio
from contextlib import AsyncExitStack

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


PROXIES = (
    *(
        "X_Forwarded",
        "X_Forwarded_Host",
        "X_Forwarded_Proto",
        "X_Forwarded_Port",
        "X_Forwarded_Server",
        "Forwarded_For",
    ),
    *("CF_Connecting_IP", "CF_Ray", "CDN_Loop", "True_Client_IP", "X_Client_IP", "X_Cluster_Client_IP", "Client_IP"),
    *("Fastly_Client_IP", "Fly_Client_IP", "X_Azure_ClientIP", "X_Envoy_External_Address", "X_Original_Host"),
    *("X_Amzn_Trace_Id", "X_Vercel_Forwarded_For", "Tailscale_User_Login", "X_Scheme", "X_Remote_IP"),
)


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
        {"host": "[::1].evil.example"},
        {"host": "[::1]evil.example:8188"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "evil.example@127.0.0.1"},
        {"host": "127.0.0.1:8188:80"},
        {"host": "[::1"},
        {"host": ""},
        *({name: "203.0.113.9"} for name in PROXIES),
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
        async with lanes.place("key") as first, AsyncExitStack() as failing:
            await failing.enter_async_context(lanes.place("key"))
            async with lanes.place("key") as last:
                await failing.aclose()
                waiting = asyncio.create_task(last.wait())
                await asyncio.sleep(0.05)
                assert not waiting.done()
                first.pass_on()
                await asyncio.wait_for(waiting, 60)

    asyncio.run(run())


async def refusal(lanes: Lanes, client: str) -> Refused:
    with pytest.raises(Refused) as caught:
        async with lanes.place(client):
            raise AssertionError("a place too many")
    assert int(caught.value.headers["Retry-After"]) >= 1
    return caught.value


def test_a_key_has_so_many_places_and_another_key_has_its_own():
    async def run() -> None:
        lanes = Lanes(limit=2)
        async with lanes.place("key"), lanes.place("key"):
            assert (await refusal(lanes, "key")).status == 429
            async with lanes.place("other"):
                pass
        async with lanes.place("key"):
            pass

    asyncio.run(run())


def test_a_queue_that_is_too_long_is_refused_with_the_place_in_it():
    async def run() -> None:
        lanes = Lanes(limit=2, all_limit=3)
        async with lanes.place("one"), lanes.place("one"), lanes.place("two"):
            refused = await refusal(lanes, "two")
            assert refused.status == 503 and "number 4 in it, and 3 may wait" in str(refused)
        busy = Lanes(limit=2, all_limit=3, queued=lambda: 3)  # from the canvas
        assert (await refusal(busy, "one")).status == 503

    asyncio.run(run())
