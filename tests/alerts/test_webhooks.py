"""Webhooks against a real receiver: signed, guarded, patient for so long and no longer."""

import asyncio

import httpx
import pytest

from app.alerts import webhooks
from app.alerts.webhooks import Message, Undelivered, call, signature
from tests.alerts.outside import SECRET, Receiver, receiving


def test_the_published_signature() -> None:
    """The example of the specification's reference implementations, to the last character."""
    message = Message("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}')
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert signature(message, secret) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_receiver_gets_what_was_signed() -> None:
    """The body, the id, the time and the signature arrive; any 2xx is an arrival."""
    message = Message("one", 1_700_000_000, '{"a": "好"}'.encode())
    async with receiving() as receiver:
        await call(receiver.url, message, SECRET, private=True)
        (got,) = receiver.calls
    assert got.body == message.body
    assert got.headers["webhook-id"] == "one"
    assert got.headers["webhook-timestamp"] == "1700000000"
    assert got.headers["webhook-signature"] == signature(message, SECRET)
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize(
    ("answer", "why", "final"),
    [
        ("500 Broken", "status_500", False),
        ("404 Not Found", "status_404", False),
        ("410 Gone", "status_410", True),
        ("302 Found\r\nLocation: http://127.0.0.1:1/", "status_302", False),
    ],
)
async def test_what_is_no_arrival(answer: str, why: str, final: bool) -> None:
    """Errors are told by their status, redirects are not followed, and 410 is for ever."""
    async with receiving() as receiver:
        receiver.answers = [answer]
        with pytest.raises(Undelivered) as failure:
            await call(receiver.url, Message("one", 0, b"{}"), SECRET, private=True)
        assert len(receiver.calls) == 1
    assert (failure.value.why, failure.value.final) == (why, final)


async def test_nobody_is_there() -> None:
    """A port that nobody listens on is an error to be tried again."""
    async with receiving() as receiver:
        url = receiver.url
    with pytest.raises(Undelivered) as failure:
        await call(url, Message("one", 0, b"{}"), SECRET, private=True)
    assert not failure.value.final


async def test_a_slow_receiver_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that does not answer in time costs no more than that time."""
    monkeypatch.setattr(webhooks, "_WHOLE_SECONDS", 0.2)
    async with receiving() as receiver:
        receiver.delay = 1.0
        with pytest.raises(Undelivered, match="timeout"):
            await call(receiver.url, Message("one", 0, b"{}"), SECRET, private=True)
        await asyncio.sleep(0)


async def test_the_own_network_is_not_called() -> None:
    """Neither by a number in the address nor by a name that leads there; nothing is sent."""
    async with receiving() as receiver:
        for url in (receiver.url, receiver.url.replace("http:", "https:")):
            with pytest.raises(Undelivered, match="address_refused") as failure:
                await call(url, Message("one", 0, b"{}"), SECRET, private=False)
            assert failure.value.final
        assert receiver.calls == []
    with pytest.raises(Undelivered, match="address_refused"):
        await webhooks._resolve(httpx.URL("https://localhost/"), private=False)


async def test_the_address_that_was_judged_is_the_one_that_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name is looked up once: what it leads to later does not matter."""
    async with receiving() as receiver:
        url = receiver.url.replace("127.0.0.1", "localhost")
        looked: list[str] = []
        original = asyncio.get_running_loop().getaddrinfo

        async def once(host: str, port: int, **more: int) -> object:
            looked.append(host)
            return await original("127.0.0.1", port, **more)

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", once, raising=False)
        await call(url, Message("one", 0, b"{}"), SECRET, private=True)
        assert [each for each in looked if each == "localhost"] == ["localhost"]
        assert receiver.calls[0].headers["host"] == f"localhost:{receiver.port}"


def test_a_receiver_is_new_each_time() -> None:
    """Nothing of one test reaches another."""
    assert Receiver().calls == []
