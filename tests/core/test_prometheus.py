"""Each process counts in a file of its own."""

import multiprocessing
import os

from core.infra.prometheus import OwnPid


def test_a_forked_process_has_a_number_of_its_own() -> None:
    find, forking = OwnPid(), multiprocessing.get_context("fork")
    told, tell = forking.Pipe(duplex=False)
    child = forking.Process(target=lambda: tell.send(find()))
    child.start()
    assert told.recv() == child.pid
    assert find() == os.getpid()
    child.join()
