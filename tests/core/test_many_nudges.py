"""Nudges of many shows at once: their flags go up together, a few at a time."""

from typing import Any

import pytest

from core.infra import jobs
from core.infra.jobs import SETTLE_SHOW, get_sender, send_once
from tests.acting import count_messages


def send(*show_ids: int) -> None:
    send_once([(SETTLE_SHOW, (show_id,)) for show_id in show_ids])


def test_what_is_on_its_way_is_left_out_of_many(database: dict[str, str]) -> None:
    send(7)
    send(6, 7, 8)
    assert count_messages() == 3


def test_no_more_flags_are_up_than_are_sent_at_once(flags_ahead: list[int]) -> None:
    """Whoever dies with a flag up holds back everybody else's message."""
    send(*range(100))
    assert (len(flags_ahead), max(flags_ahead), count_messages()) == (100, jobs.FLAGS_AT_ONCE, 100)


def test_one_message_that_cannot_be_sent_costs_the_others_nothing(
    database: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    really_send = get_sender().send

    def refuse_one(task: str, args: tuple[int], **options: Any) -> None:
        if args == (1,):
            raise KeyError("of a library's own making")
        really_send(task, args, **options)

    monkeypatch.setattr(get_sender(), "send", refuse_one)
    send(1, 2, 3)
    assert count_messages() == 2
