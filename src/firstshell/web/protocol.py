"""HTTP with bounds on connections that say nothing: slow headers keep nobody else from being answered."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_S = 10.0
"""Seconds within which the headers of a request must arrive; a browser sends them at once."""
MOST_WAITING = 32
"""Connections that may wait for their headers; one more closes the one that has waited longest."""


class PatientProtocol(H11Protocol):
    """The protocol of uvicorn, with patience for headers that ends."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request, and close the connection that has waited longest when there are too many."""
        super().connection_made(transport)
        waiting = [each for each in self.connections if isinstance(each, PatientProtocol) and each._deadline]
        if len(waiting) >= MOST_WAITING:
            min(waiting, key=PatientProtocol._until)._give_up()
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what arrives; what does not complete the headers of a request does not prolong the wait for them."""
        super().data_received(data)
        working = self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]
        if working:
            self._stop_waiting()
        elif self.timeout_keep_alive_task is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _until(self) -> float:
        return float("inf") if self._deadline is None else self._deadline.when()

    def _wait(self) -> None:
        if self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(HEADERS_S, self._give_up)

    def _give_up(self) -> None:
        self._stop_waiting()
        self.transport.abort()

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
