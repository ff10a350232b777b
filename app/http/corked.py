"""A connection's writes, gathered until every task that is ready has run.

uvicorn writes the head and the body of an answer one after the other, and each write is a system
call that may wake the reader. Here they leave in one, and the answers of requests that were
committed together leave one right after the other.
"""

import asyncio

#: Beyond this what was gathered leaves at once: an endless answer must meet the flow control.
_MOST_BYTES = 65_536


class CorkedTransport:
    """The part of a transport that uvicorn's HTTP protocol uses, writing once a turn of the loop.

    What ends the connection in order writes first what was gathered.
    """

    __slots__ = ("_bytes", "_gathered", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._gathered: list[bytes] = []
        self._bytes = 0

    def write(self, data: bytes) -> None:
        """Write at the loop's next turn."""
        if not self._gathered:
            self._loop.call_soon(self.flush)
        self._gathered.append(data)
        self._bytes += len(data)
        if self._bytes > _MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered now."""
        if self._gathered:
            data = b"".join(self._gathered)
            self._gathered.clear()
            self._bytes = 0
            if not self._transport.is_closing():
                self._transport.write(data)

    def close(self) -> None:
        """Write what was gathered, then close."""
        self.flush()
        self._transport.close()

    def write_eof(self) -> None:
        """Write what was gathered, then end our side."""
        self.flush()
        self._transport.write_eof()

    def abort(self) -> None:
        """Close at once."""
        self._gathered.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether the connection is closing or closed."""
        return self._transport.is_closing()
