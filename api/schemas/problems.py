"""What an error is answered with."""

from pydantic import Field

from api.schemas.types import AnswerModel, leave_out


class ProblemFault(AnswerModel):
    """What is wrong, and where."""

    pointer: str = Field(description="where: a JSON pointer into the body, or a parameter's name after a /")
    detail: str = Field(description="for people: what is wrong with it")
    code: str = Field(
        default_factory=leave_out,
        description="in a batch: the `code` that its booking alone would be refused with",
    )


class Problem(AnswerModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="a URI of the kind of problem")
    title: str = Field(description="for people: the kind of problem")
    status: int = Field(ge=400, le=599, description="the status of the answer")
    detail: str = Field(description="for people: what went wrong here")
    instance: str = Field(description="the path that was asked")
    code: str = Field(description="the kind of problem, to switch on; it stays what it is")
    errors: list[ProblemFault] = Field(
        default_factory=leave_out, description="at 422: everything that is wrong, as far as it was looked for"
    )
    request_id: str = Field(
        default_factory=leave_out, description="at 500: what the operator finds the log by"
    )
