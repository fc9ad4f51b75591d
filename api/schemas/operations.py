"""Answers about the service itself: whether it lives, is ready, and how it does."""

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.fields import Count, CurrencyCode, ShowId
from api.schemas.shows import SeatCountsAnswer
from api.schemas.types import AnswerModel


class Alive(AnswerModel):
    """The process lives."""

    status: Literal["ok"] = Field(description="always `ok`")


class Ready(AnswerModel):
    """What the service stands on; without Redis it goes on, a little slower."""

    status: Literal["ok", "degraded"] = Field(description="`degraded`: bookings are taken, without Redis")
    database: Literal["up"] = Field(description="always `up`, else the answer is 503")
    redis: Literal["up", "down"] = Field(description="whether Redis answers")


class ShowStats(AnswerModel):
    """Shows, counted."""

    total: Count = Field(description="all shows")
    on_sale: Count = Field(description="shows that sell now")


class WaitingStats(AnswerModel):
    """Bookings that wait for a worker, by what they want, and the oldest's wait."""

    acquire: Count = Field(description="bookings that wait for their seats")
    confirm: Count = Field(description="holds that wait to become sales")
    cancel: Count = Field(description="bookings that wait to be cancelled")
    oldest_seconds: float = Field(ge=0, description="for how long the oldest of them has waited")


class PaidStats(AnswerModel):
    """What was paid and given back for a show, in one currency."""

    show_id: ShowId
    currency: CurrencyCode
    revenue: Count = Field(description="what came in, in minor units of the currency")
    refunds: Count = Field(description="what went back of it")


class Stats(AnswerModel):
    """The service in figures."""

    shows: ShowStats = Field(description="shows")
    seats: SeatCountsAnswer = Field(description="seats of all shows")
    waiting: WaitingStats = Field(description="what waits for a worker")
    payments: list[PaidStats] = Field(
        description="what was paid and given back, by show and currency; of the newest shows"
    )
    last_minute: dict[str, Count] = Field(description="events of the last minute, by type")


Pid = Annotated[int, Field(description="the process id of a session's server process")]
Query = Annotated[str, Field(description="the statement, cut, with `?` for each literal")]
Seconds = Annotated[float | None, Field(description="in seconds; null: not known")]


class ConnectionStats(AnswerModel):
    """Sessions of clients of the database server."""

    max: Count = Field(description="sessions that the server takes (`max_connections`)")
    states: dict[str, Count] = Field(description="sessions by state, as `pg_stat_activity` names it")


class PoolStats(AnswerModel):
    """A pool of connections of the web process that answered."""

    name: str = Field(description="`transactions`, or `statements` that commit by themselves")
    size: Count = Field(description="connections that it may have")
    open: Count = Field(description="connections that it has")
    in_use: Count = Field(description="connections that are given out")


class WaitingSession(AnswerModel):
    """A session that waits for a lock."""

    pid: Pid
    application: str = Field(description="its `application_name`")
    query: Query
    seconds: Seconds = Field(description="how long it has waited")
    lock: str | None = Field(description="the kind of what it waits for, as `pg_locks.locktype`")
    mode: str | None = Field(description="the lock that it wants")
    relation: str | None = Field(description="the table; null: it waits for none, or for a row's transaction")
    blocked_by: list[int] = Field(description="the sessions that it waits for, which `running` lists")


class RunningSession(AnswerModel):
    """A session that others wait for, or whose transaction is older than a second."""

    pid: Pid
    application: str = Field(description="its `application_name`")
    state: str | None = Field(description="as `pg_stat_activity` names it; null: not to be seen by this role")
    query: Query
    query_seconds: Seconds = Field(description="since its statement, or its last one, began")
    transaction_seconds: Seconds = Field(description="since its transaction began; null: it has none")
    waits_for: str | None = Field(description="the kind of what it waits for, and its name")


class SlowQuery(AnswerModel):
    """A statement of this database, over all of its calls."""

    query: Query
    calls: Count = Field(description="how often it was run")
    total_ms: float = Field(ge=0, description="all of its time, in ms")
    mean_ms: float = Field(ge=0, description="the time of a call, in ms")
    max_ms: float = Field(ge=0, description="the longest call, in ms")
    rows: Count = Field(description="rows that it returned or changed")


class Standby(AnswerModel):
    """A standby that the primary sends its log to."""

    name: str = Field(description="its `application_name`")
    state: str | None = Field(description="as `pg_stat_replication` names it")
    synchronous: str | None = Field(description="`sync`, `quorum`, `potential` or `async`")
    lag_bytes: int | None = Field(description="how much of the log it has not replayed")
    lag_seconds: float = Field(ge=0, description="how long it took to replay what it replayed last")


class ReplicaState(AnswerModel):
    """A replica of DATABASE_REPLICA_URLS, as the web process that answered sees it."""

    number: int = Field(ge=1, description="its place in the variable, from 1")
    is_fresh: bool = Field(description="whether it is read: it answers, and lags no more than allowed")


class DatabaseStats(AnswerModel):
    """PostgreSQL as it is at this moment, as far as the service's role may see."""

    connections: ConnectionStats = Field(description="sessions of all clients of the server")
    pools: list[PoolStats] = Field(description="pools of the web process that answered")
    waiting: list[WaitingSession] = Field(description="sessions that wait for a lock, the longest first")
    running: list[RunningSession] = Field(description="those they wait for, and long transactions")
    slow_queries: list[SlowQuery] | None = Field(
        description="the statements that took most time in all; null: there is no pg_stat_statements"
    )
    standbys: list[Standby] = Field(description="standbys of the primary")
    replicas: list[ReplicaState] = Field(description="replicas that reads go to")
