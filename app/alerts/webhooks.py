"""Calling a webhook: signed, to the internet only, with patience for so long and no longer."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from app.alerts.addresses import Address, acceptable, is_public
from app.alerts.schemas import secret_bytes

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 10.0
_WHOLE_SECONDS = 15.0


class Undelivered(Exception):
    """It did not arrive. `why` is a word for whoever looks; `final` says that trying is in vain."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.final = final


@dataclass(frozen=True)
class Message:
    """What is sent: the id is the same at every attempt, so that the receiver can tell."""

    id: str
    timestamp: int
    """Seconds since 1970 at this attempt: receivers refuse what is old."""
    body: bytes

    def headers(self, secret: str) -> dict[str, str]:
        """The headers of Standard Webhooks 1.0."""
        return {
            "content-type": "application/json",
            "user-agent": "customer-feedback",
            "webhook-id": self.id,
            "webhook-timestamp": str(self.timestamp),
            "webhook-signature": signature(self, secret),
        }


def signature(message: Message, secret: str) -> str:
    """`v1,` and HMAC-SHA-256 over id, timestamp and body, in base64 (Standard Webhooks 1.0)."""
    signed = f"{message.id}.{message.timestamp}.".encode() + message.body
    digest = hmac.new(secret_bytes(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


async def call(url: str, message: Message, secret: str, *, private: bool) -> None:
    """POST the message; returns when the receiver has answered 2xx.

    Raises `Undelivered` otherwise; finally so where the address is not acceptable or the receiver
    says 410 Gone. Redirects are not followed. The name is looked up once and the connection goes
    to an address that was judged, so that a second look-up cannot lead elsewhere.
    """
    if not acceptable(url, private=private):
        raise Undelivered("address_refused", final=True)
    try:
        async with asyncio.timeout(_WHOLE_SECONDS):
            target = httpx.URL(url)
            addresses = await _resolve(target, private=private)
            await _post_to_any(target, addresses, message, secret)
    except TimeoutError:
        raise Undelivered("timeout") from None
    except (OSError, httpx.HTTPError, httpx.InvalidURL) as error:
        raise Undelivered(type(error).__name__) from None


async def _resolve(url: httpx.URL, *, private: bool) -> list[Address]:
    """The addresses of the host; none may lie within the own network."""
    port = url.port or (443 if url.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    if not addresses:
        raise Undelivered("no_address")
    if not private and not all(map(is_public, addresses)):
        raise Undelivered("address_refused", final=True)
    return addresses


async def _post_to_any(
    url: httpx.URL, addresses: Sequence[Address], message: Message, secret: str
) -> None:
    """Post to the first address that takes a connection."""
    for address in addresses[:-1]:
        with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout):
            return await _post(url, address, message, secret)
    return await _post(url, addresses[-1], message, secret)


async def _post(url: httpx.URL, address: Address, message: Message, secret: str) -> None:
    headers = message.headers(secret) | {"host": url.netloc.decode("ascii")}
    timeout = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
    async with httpx.AsyncClient(trust_env=False, timeout=timeout) as client:
        request = client.build_request(
            "POST",
            url.copy_with(host=str(address)),
            content=message.body,
            headers=headers,
            extensions={"sni_hostname": url.host},
        )
        answer = await client.send(request, stream=True)  # the body of an answer is not read
        await answer.aclose()
    if not answer.is_success:
        raise Undelivered(f"status_{answer.status_code}", final=answer.status_code == 410)
