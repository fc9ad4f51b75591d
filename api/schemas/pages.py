"""Answers about the service itself: where things are, and what its problems mean."""

from pydantic import Field

from api.schemas.types import AnswerModel, leave_out


class ServiceLinks(AnswerModel):
    """Where things are in this service."""

    documentation: str = Field(
        default_factory=leave_out,
        description="how to call it, for a person; missing where the operator has turned it off",
    )
    openapi: str = Field(default_factory=leave_out, description="the same for a program: OpenAPI")
    shows: str = Field(description="what is on")
    problems: str = Field(description="what can go wrong")
    health: str = Field(description="whether the process lives")


class ServiceIndex(AnswerModel):
    """What answers here, and where things are in it."""

    name: str = Field(description="the service")
    links: ServiceLinks = Field(description="paths of this service")


class ProblemType(AnswerModel):
    """What a problem's code means, and what to do about it."""

    type: str = Field(description="a problem's `type`, and where this is")
    code: str = Field(description="a problem's `code`")
    title: str = Field(description="the code in words")
    status: int = Field(description="the HTTP status that it comes with")
    meaning: str = Field(description="what it means")
    advice: str = Field(description="what to do about it")


class ProblemTypes(AnswerModel):
    """All problems that there are, by their status."""

    items: list[ProblemType] = Field(description="one for each code")
