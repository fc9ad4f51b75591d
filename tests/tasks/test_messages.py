"""What a message must look like: every one that we send passes, and what is spoilt does not."""

import json
from typing import Any

import pytest
from celery._state import _task_stack
from celery.app.task import Context
from celery.beat import Scheduler
from kombu import Connection, Message

from core.infra.dropped import Reason
from core.infra.jobs import (
    BOOKINGS_QUEUE,
    DELIVER_WEBHOOKS,
    QUEUE_OF,
    SETTLE_SHOW,
    TAKE_AN_ID,
    get_celery,
    send_once,
)
from tasks.beat import FlaggedScheduler
from tasks.celery_patches import CheckedMessage, mend_transport
from tasks.messages import MAX_BYTES, UnreadableError, find_fault, is_returnable, read_json
from tests.tasks import garbage

mend_transport()


def take(database: dict[str, str], queue: str) -> Message:
    """A message off a queue."""
    with Connection(database["REDIS_URL"]) as connection:
        message = connection.channel().basic_get(queue, no_ack=True)
    assert message is not None
    return message


def judge(database: dict[str, str], message: dict[str, Any]) -> Reason | None:
    """What is wrong with a message."""
    with Connection(database["REDIS_URL"]) as connection:
        return find_fault(CheckedMessage(message, channel=connection.channel()))


@pytest.mark.parametrize("task", QUEUE_OF)
def test_every_message_of_ours_is_taken(database: dict[str, str], task: str) -> None:
    send_once([(task, (5,) if task in TAKE_AN_ID else ())])
    assert find_fault(take(database, QUEUE_OF[task])) is None


def test_every_message_of_beat_is_taken(database: dict[str, str]) -> None:
    scheduler = FlaggedScheduler(app=get_celery(), lazy=True)
    Scheduler.setup_schedule(scheduler)
    sent = [entry for name, entry in scheduler.schedule.items() if not name.startswith("celery.")]
    assert len(sent) == len(get_celery().conf.beat_schedule)
    for entry in sent:
        scheduler.apply_async(entry, advance=False)
        assert find_fault(take(database, QUEUE_OF[str(entry.task)])) is None


def test_one_that_a_task_sends_is_taken(database: dict[str, str]) -> None:
    """It is told whose child it is."""
    _task_stack.push(sender := get_celery().tasks["celery.accumulate"])
    sender.request_stack.push(
        Context(id=garbage.ID, root_id=garbage.ID, retries=2, delivery_info={}, called_directly=False)
    )
    try:
        get_celery().send_task(SETTLE_SHOW, args=(5,), queue=BOOKINGS_QUEUE)
    finally:
        sender.request_stack.pop()
        _task_stack.pop()
    message = take(database, BOOKINGS_QUEUE)
    assert message.headers["parent_id"] == garbage.ID
    assert find_fault(message) is None


def test_one_with_limits_of_its_own_or_a_trace_is_taken(database: dict[str, str]) -> None:
    get_celery().send_task(
        SETTLE_SHOW,
        args=(2**63 - 1,),
        queue=BOOKINGS_QUEUE,
        soft_time_limit=0.5,
        time_limit=1,
        priority=3,
        headers={"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    )
    assert find_fault(take(database, BOOKINGS_QUEUE)) is None


@pytest.mark.parametrize("arguments", garbage.ARGUMENTS, ids=repr)
@pytest.mark.parametrize("task", sorted(TAKE_AN_ID))
def test_other_arguments_are_wrong(database: dict[str, str], task: str, arguments: list[Any]) -> None:
    assert judge(database, garbage.make(task, arguments)) is Reason.WRONG_ARGUMENTS


@pytest.mark.parametrize("task", garbage.TASKS, ids=repr)
def test_other_tasks_are_unknown(database: dict[str, str], task: str) -> None:
    """Celery's own among them, which run others."""
    assert judge(database, garbage.make(task)) is Reason.UNKNOWN_TASK


def test_what_asks_for_more_than_a_task_is_none_of_ours(database: dict[str, str]) -> None:
    for name in garbage.EMBEDDED:
        message = garbage.make(embedded={**garbage.EMBEDDED, name: [garbage.LINK]})
        assert judge(database, message) is Reason.NOT_OURS
    for name in ("eta", "expires"):
        message = garbage.make(DELIVER_WEBHOOKS)
        message["headers"][name] = "2999-01-01T00:00:00+00:00"
        assert judge(database, message) is Reason.NOT_OURS


@pytest.mark.parametrize("text", [*garbage.RAW, b" " * (MAX_BYTES + 1)], ids=lambda text: repr(text[:20]))
def test_what_never_was_a_message_is_unreadable(database: dict[str, str], text: bytes) -> None:
    with Connection(database["REDIS_URL"]) as connection, pytest.raises(UnreadableError):
        CheckedMessage(read_json(text), channel=connection.channel())


def test_only_what_was_taken_from_a_queue_of_ours_goes_back() -> None:
    assert is_returnable(json.dumps([garbage.make(), "", BOOKINGS_QUEUE]).encode())
    for exchange, key in garbage.ROUTES:
        assert not is_returnable(json.dumps([garbage.make(), exchange, key]).encode())
    assert not any(is_returnable(text) for text in garbage.RAW)
