"""A small server on real sockets, for what no double shows."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Act = Callable[[asyncio.StreamWriter], Awaitable[None]]


def http(content: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """An answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


def saying(content: bytes) -> Act:
    """Send bytes and keep the connection."""

    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()

    return act


def cutting(content: bytes) -> Act:
    """Send bytes and cut the connection."""

    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()
        writer.close()

    return act


def dripping(content: bytes, pause: float) -> Act:
    """Send byte after byte."""

    async def act(writer: asyncio.StreamWriter) -> None:
        for one in content:
            writer.write(bytes([one]))
            await writer.drain()
            await asyncio.sleep(pause)

    return act


class Socket:
    """What a server saw.

    Attributes:
        port: where it listens.
        connections: how many were opened.
        heads: request line and headers of each request.
    """

    def __init__(self, act: Act) -> None:
        self._act = act
        self.port = 0
        self.connections = 0
        self.heads: list[str] = []
        self._running: list[asyncio.Task[None]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._running.append(task)
        try:
            with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    self.heads.append(head.decode())
                    await self._act(writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def stop(self) -> None:
        """Close all connections."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running)


@asynccontextmanager
async def serving(
    act: Act, host: str = "127.0.0.1", context: ssl.SSLContext | None = None
) -> AsyncIterator[Socket]:
    """Serve while the block runs."""
    found = Socket(act)
    server = await asyncio.start_server(found.serve, host, 0, ssl=context)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        await found.stop()
