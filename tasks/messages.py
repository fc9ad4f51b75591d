"""What a message must look like: everything that is not as we send it ourselves is refused.

Rather than find all that could harm a worker, this says what does not: whoever can write into the broker may
write anything, and Celery and kombu trust what they read. An error of theirs would end the worker, and
the message would come again and end the next.
"""

import re
from typing import Annotated, Any, Literal

from celery.app.task import Context
from kombu import Message
from kombu.utils.json import loads
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.infra.dropped import Reason
from core.infra.jobs import QUEUE_OF, QUEUES, TAKE_AN_ID

# Our messages have about a thousand bytes; a worker's answers to control commands may be longer.
MAX_BYTES = 1_000_000
# Nesting: message, properties, delivery_info, value.
MAX_DEPTH = 4
BIGINT_MAX = 2**63 - 1
TAG = re.compile(r"[\w.:@-]{1,128}", re.ASCII)
# Celery sets headers as attributes of its Context: one of these names would shadow a method.
TAKEN_NAMES = frozenset(dir(Context))
# Celery's callbacks of a task; ours have none.
EMBEDDED = frozenset({"callbacks", "errbacks", "chain", "chord"})
BODY_ENCODINGS = "base64", "utf-8", None

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:@-]{1,128}$")]
Text = Annotated[str, Field(max_length=1000)]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
Empty = Annotated[list[None], Field(max_length=0)] | Annotated[dict[str, None], Field(max_length=0)] | None
Extra = Text | bool | Annotated[int, Field(ge=0, le=BIGINT_MAX)] | None


class UnreadableError(Exception):
    """These bytes are no message."""


class Headers(BaseModel):
    """A message's headers. What others add, such as beat or a trace, must be text, a number or a yes."""

    model_config = ConfigDict(strict=True, extra="allow")
    __pydantic_extra__: dict[str, Extra] = Field(init=False)

    lang: Text = ""
    task: Text
    id: Name
    root_id: Name | None = None
    parent_id: Name | None = None
    # No eta or expires: a worker's clock may be wrong, and an eta past the visibility timeout is redelivered.
    eta: None = None
    expires: None = None
    # No retries, chords or groups: a forged message could start other tasks with them.
    group: None = None
    group_index: None = None
    retries: Literal[0] = 0
    replaced_task_nesting: Literal[0] = 0
    stamped_headers: Empty = None
    stamps: Empty = None
    shadow: None = None
    timelimit: Annotated[list[Seconds | None], Field(min_length=2, max_length=2)] | None = None
    argsrepr: Text | None = None
    kwargsrepr: Text | None = None
    origin: Text | None = None
    ignore_result: bool | None = None
    redelivered: bool = False


class DeliveryInfo(BaseModel):
    """Where a message was sent, and so goes again when its worker dies: to a queue of ours."""

    model_config = ConfigDict(strict=True, extra="allow")
    __pydantic_extra__: dict[str, Extra] = Field(init=False)

    exchange: Literal[""]
    routing_key: Literal[QUEUES]  # type: ignore[valid-type]
    redelivered: bool = False


class Properties(BaseModel):
    """A message's properties; RabbitMQ has the headers among them."""

    model_config = ConfigDict(strict=True, extra="allow")
    __pydantic_extra__: dict[str, Extra] = Field(init=False)

    correlation_id: Name | None = None
    reply_to: Name | None = None
    priority: Annotated[int, Field(ge=0, le=255)] | None = None
    application_headers: Any = None
    delivery_info: Any = None


def read_json(text: bytes | str) -> Any:
    """What the text says. Raises UnreadableError, whatever is wrong with it."""
    if len(text) > MAX_BYTES:
        raise UnreadableError("too long")
    try:
        return loads(text)
    except Exception as error:
        # RecursionError, and errors of kombu's decoders of values, are among them.
        raise UnreadableError from error


def check_envelope(payload: Any) -> None:
    """Raises UnreadableError for what kombu cannot take off Redis, note as taken, and give back."""
    try:
        headers, body = payload["headers"], payload["body"]
        is_fit = (
            _is_shallow(payload, MAX_DEPTH)
            and isinstance(headers, dict)
            # Our messages are not compressed, and a compressed megabyte may be a gigabyte.
            and "compression" not in headers
            and isinstance(body, str)
            and _are_usable(payload["properties"])
        )
    except Exception as error:
        raise UnreadableError from error
    if not is_fit:
        raise UnreadableError("not a message")


def _are_usable(properties: Any) -> bool:
    route = properties["delivery_info"]
    return (
        TAG.fullmatch(properties["delivery_tag"]) is not None
        and properties.get("body_encoding") in BODY_ENCODINGS
        and isinstance(route["exchange"], str)
        and isinstance(route["routing_key"], str)
        and isinstance(properties.get("priority"), int | None)
    )


def _is_shallow(value: Any, depth: int) -> bool:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return depth > 0 and all(_is_shallow(each, depth - 1) for each in inner)
    return value is None or isinstance(value, str | int | float)


def is_returnable(noted: bytes) -> bool:
    """Whether what is noted as taken (a message and where it came from) can go back to a queue of ours."""
    try:
        payload, exchange, queue = read_json(noted)
        check_envelope(payload)
        return exchange == "" and queue in QUEUES
    except Exception:
        return False


def find_fault(message: Message) -> Reason | None:
    """Why a worker must not take this message from a queue; None for one of ours."""
    try:
        return _judge(message)
    except ValidationError:
        return Reason.NOT_OURS
    except Exception:
        # Decoders raise all kinds of errors.
        return Reason.UNREADABLE


def _judge(message: Message) -> Reason | None:
    headers: Any = message.headers
    if not isinstance(headers, dict) or not isinstance(headers.get("task"), str):
        return Reason.UNREADABLE
    if headers["task"] not in QUEUE_OF:
        return Reason.UNKNOWN_TASK
    extra = Headers.model_validate(headers).model_extra or {}
    Properties.model_validate(message.properties)
    DeliveryInfo.model_validate(message.delivery_info)
    if TAKEN_NAMES & extra.keys():
        return Reason.NOT_OURS
    if (message.content_type, message.content_encoding) != ("application/json", "utf-8"):
        return Reason.UNREADABLE
    return _judge_body(headers["task"], read_json(message.body or ""))


def _judge_body(task: str, body: Any) -> Reason | None:
    if not isinstance(body, list) or len(body) != 3:
        return Reason.UNREADABLE
    args, kwargs, embedded = body
    if not _are_ids(args, count=int(task in TAKE_AN_ID)) or kwargs != {}:
        return Reason.WRONG_ARGUMENTS
    is_alone = isinstance(embedded, dict) and embedded.keys() <= EMBEDDED and not any(embedded.values())
    return None if is_alone else Reason.NOT_OURS


def _are_ids(args: Any, *, count: int) -> bool:
    if not isinstance(args, list) or len(args) != count:
        return False
    return all(type(each) is int and 0 < each <= BIGINT_MAX for each in args)
