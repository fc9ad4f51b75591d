"""What names a port."""

import pytest

from core.infra.ports import parse_port


@pytest.mark.parametrize(("text", "port"), [("1", 1), ("8000", 8000), ("08000", 8000), ("65535", 65_535)])
def test_a_number_names_a_port(text: str, port: int) -> None:
    assert parse_port(text) == port


@pytest.mark.parametrize(
    "text",
    [
        "",
        "many",
        "0",
        "65536",
        "-1",
        "+1",
        "80.5",
        "0x50",
        "8_000",
        " 80",
        "80\n",
        "٨٠٠٠",
        "8000 8001",
        "9" * 5000,
    ],
)
def test_other_texts_name_none(text: str) -> None:
    assert parse_port(text) is None
