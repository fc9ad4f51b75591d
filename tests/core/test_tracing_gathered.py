"""What goes together: each item is a span that ends, and the run is told in the trace of the first."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from core.infra import tracing
from core.infra.gather import Gather
from tests.tracing import PARENT_ID, SAMPLED, TRACE_ID, UNSAMPLED, Kept, get_id, get_parent, get_trace


def begin(name: str = "request", traceparent: str = SAMPLED) -> Any:
    return tracing.start_from({tracing.TRACEPARENT: traceparent}, name, "SERVER")


def test_what_goes_together_is_told_in_one_trace_and_linked_from_the_others(kept: Kept) -> None:
    async def double(numbers: Sequence[int]) -> list[int]:
        with tracing.statement("of the run", "SELECT 1"):
            await asyncio.sleep(0)
        return [2 * number for number in numbers]

    async def ask(gather: Gather[int, int], name: str, trace_id: str | None) -> int:
        traceparent = f"00-{trace_id}-{PARENT_ID}-01" if trace_id else UNSAMPLED
        with tracing.within(span := begin(name, traceparent)):
            answer = await gather.ask(int(name))
        tracing.end_span(span)
        return answer

    async def run() -> None:
        gather = Gather("double", double, at_most=10)
        asking = (ask(gather, "0", None), ask(gather, "1", "1" * 32), ask(gather, "2", "2" * 32))
        assert await asyncio.gather(*asking) == [0, 2, 4]

    asyncio.run(run())
    first, second = [span for span in kept.list_spans() if span.name == "double"]
    assert (get_trace(first), get_trace(second)) == ("1" * 32, "2" * 32)
    assert [link.context.span_id for link in second.links] == [get_id(first)]
    assert get_parent(first) == get_id(kept.find("1"))
    assert get_parent(kept.find("of the run")) == get_id(first)


def test_a_run_is_of_no_earlier_run_s_trace(kept: Kept) -> None:
    """One task runs all of them: what it was made for must not show in what it does later."""
    let = asyncio.Event()
    seen: list[str | None] = []

    async def note(numbers: Sequence[int]) -> list[int]:
        seen.append(tracing.get_trace_id())
        await let.wait()
        return list(numbers)

    async def run() -> None:
        gather = Gather("note", note, at_most=10)
        with tracing.within(begin()):
            first = gather.ask(1)
        await asyncio.sleep(0)
        second = gather.ask(2)
        let.set()
        await asyncio.gather(first, second)

    asyncio.run(run())
    assert seen == [TRACE_ID, None]


def test_an_item_that_fails_fails_its_span_alone(kept: Kept) -> None:
    async def fail(numbers: Sequence[int]) -> list[int | Exception]:
        return [ValueError() if number == 1 else number for number in numbers]

    async def run() -> None:
        gather = Gather("fail", fail, at_most=10)
        with tracing.within(begin()):
            await asyncio.gather(gather.ask(1), gather.ask(2), return_exceptions=True)

    asyncio.run(run())
    failed, other = [span for span in kept.list_spans() if span.name == "fail"]
    assert (failed.status.status_code, other.status.status_code) == (StatusCode.ERROR, StatusCode.UNSET)


@pytest.mark.parametrize("is_begun", [True, False])
def test_an_item_that_nothing_comes_of_has_a_span_that_ends(*, kept: Kept, is_begun: bool) -> None:
    """Its asker has gone, or the process ends."""

    async def never(numbers: Sequence[int]) -> list[int]:
        await asyncio.Event().wait()
        return list(numbers)

    async def run() -> None:
        gather = Gather("never", never, at_most=1)
        with tracing.within(begin()):
            asked = [gather.ask(1), gather.ask(2)]
        if is_begun:
            await asyncio.sleep(0)
        asked[1].cancel()

    asyncio.run(run())
    assert [span.name for span in kept.list_spans()] == ["never", "never"]


def test_what_has_gone_before_its_turn_has_a_span_that_ends(kept: Kept) -> None:
    async def double(numbers: Sequence[int]) -> list[int]:
        return [2 * number for number in numbers]

    async def run() -> None:
        gather = Gather("double", double, at_most=1)
        with tracing.within(begin()):
            gone, asked = gather.ask(1), gather.ask(2)
        gone.cancel()
        assert await asked == 4

    asyncio.run(run())
    assert [span.name for span in kept.list_spans()] == ["double", "double"]
