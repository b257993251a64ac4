"""A server in a process of its own, so that what it costs is not what is measured."""

from __future__ import annotations

import asyncio
import multiprocessing
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

Told = TypeVar("Told")


class Server(ABC, Generic[Told]):
    """What answers, and what it has seen in the end."""

    @abstractmethod
    def begin(self) -> Told:
        """What was seen before the first request: nothing."""

    @abstractmethod
    async def answer(
        self, told: Told, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer one request, whose headers are ``head``, and note it in ``told``."""

    def serve(self, way: Connection) -> None:
        """Run until told to end; the port, and in the end what was seen, go over ``way``."""
        asyncio.run(self._serve(way))

    async def _serve(self, way: Connection) -> None:
        told = self.begin()

        async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                try:
                    head = await reader.readuntil(b"\r\n\r\n")
                except asyncio.IncompleteReadError:
                    writer.close()
                    return
                await self.answer(told, head, reader, writer)

        server = await asyncio.start_server(converse, "127.0.0.1", 0)
        way.send(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(way.recv)
        way.send(told)


@contextmanager
def aside(server: Server[Told]) -> Iterator[tuple[str, Callable[[], Told]]]:
    """A server that is up: its address, and what ends it and gives back what it saw."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=server.serve, args=(there,))
    process.start()

    def end() -> Told:
        here.send(None)
        told: Told = here.recv()
        return told

    try:
        yield f"http://127.0.0.1:{here.recv()}", end
    finally:
        process.terminate()
        process.join()
