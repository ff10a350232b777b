"""Writes gathered until the loop's next turn: in order, whole, and never kept back at the end."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from app.http.corked import CorkedTransport


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets: ours, and the reader's."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(0)
    yield ours, theirs
    ours.close()
    theirs.close()


async def _corked(ours: socket.socket) -> CorkedTransport:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    return CorkedTransport(transport, loop)


async def test_head_and_body_leave_together(ends: tuple[socket.socket, socket.socket]) -> None:
    """Nothing leaves while the task that writes still runs; then everything, in order."""
    ours, theirs = ends
    corked = await _corked(ours)
    corked.write(b"head ")
    corked.write(b"body")
    with pytest.raises(BlockingIOError):
        theirs.recv(100)
    await asyncio.sleep(0)
    assert theirs.recv(100) == b"head body"
    corked.close()


async def test_an_orderly_end_writes_first(ends: tuple[socket.socket, socket.socket]) -> None:
    """What was written before `close` arrives, and then the end."""
    ours, theirs = ends
    corked = await _corked(ours)
    corked.write(b"last words")
    corked.close()
    await asyncio.sleep(0.01)
    assert theirs.recv(100) == b"last words"
    assert theirs.recv(100) == b""
    assert corked.is_closing()
    corked.write(b"too late")
    await asyncio.sleep(0.01)


async def test_an_abort_writes_nothing(ends: tuple[socket.socket, socket.socket]) -> None:
    """After `abort` what was gathered is dropped."""
    ours, theirs = ends
    corked = await _corked(ours)
    corked.write(b"never mind")
    corked.abort()
    await asyncio.sleep(0.01)
    assert theirs.recv(100) == b""


async def test_much_leaves_at_once(ends: tuple[socket.socket, socket.socket]) -> None:
    """Beyond 64 KiB the transport gets it at once, so that its flow control sees it."""
    ours, theirs = ends
    corked = await _corked(ours)
    corked.write(b"x" * 65_537)
    assert theirs.recv(10) == b"x" * 10
    corked.abort()
