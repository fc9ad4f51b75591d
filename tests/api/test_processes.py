"""What granian's main process knows of its workers."""

import os
from threading import Event

import pytest

from api.server.processes import Server, Worker


def test_a_worker_that_somebody_else_waited_for_has_ended() -> None:
    """As the thread that watches over it does, which may be a moment late in noting it."""
    worker = Worker(Server("nothing:here"), 0, Event, ())
    worker.inner.start()
    os.waitpid(worker.inner.pid, 0)
    worker._watch()
    worker.join()
    assert not worker.is_alive()


@pytest.mark.parametrize("is_told", [True, False])
def test_a_worker_that_ended_by_itself_is_a_failure_unless_all_are_told_to_stop(is_told: bool) -> None:
    server = Server("nothing:here")
    server.interrupt_signal = is_told
    worker = Worker(server, 0, Event, ())
    worker.start()
    worker.join()
    server.wrks.append(worker)
    server._stop_workers()
    assert server.interrupt_children == ([] if is_told else [0])


def test_a_worker_that_hears_of_it_before_its_parent_is_no_failure() -> None:
    server = Server("nothing:here")
    worker = Worker(server, 0, Event, ())
    server.wrks.append(worker)
    worker.start()
    worker.inner.join()
    server.signal_handler_interrupt()
    worker.join()
    assert server.interrupt_children == []


def test_workers_that_end_once_all_are_told_to_stop_are_expected_to() -> None:
    server = Server("nothing:here")
    worker = Worker(server, 0, Event().wait, ())
    server.wrks.append(worker)
    worker.start()
    server.signal_handler_interrupt()
    worker.inner.terminate()
    worker.join()
    assert server.interrupt_children == []
    assert server.main_loop_interrupt.is_set()
