"""GET /shows?q=: a name is found whatever its case, accents and spelling, in a database of any locale."""

# ruff: noqa: RUF001 (letters that look like others are what this is about)

import sys
import unicodedata
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest

from core.infra.db import primary, transaction
from core.shows.folding import fold_name
from core.shows.service import NewShow, ShowFilter, create_show, list_shows, update_show
from local.servers import LOCALE
from tests.acting import ask, run
from tests.apart import enter, migrate

NAMES = {
    "Der Messias von Händel": [
        "händel",
        "HÄNDEL",
        "Händel",
        "handel",
        "HANDEL",
        "ｈａｎｄｅｌ",
        "messias von h",
        "Ä",
    ],
    "Die Straße": ["straße", "STRASSE", "strasse", "STRAẞE", "ße"],
    "İstanbul, ışık": ["istanbul", "İSTANBUL", "ıstanbul", "ISTANBUL", "isik", "IŞIK"],
    "Σίσυφος": ["σισυφος", "ΣΊΣΥΦΟΣ", "ΣΙΣΥ"],
    "Łódź – Œuvre – Smørrebrød": ["lodz", "ŁÓDŹ", "oeuvre", "œuvre", "smorre", "BRØD"],
    "ﬁn de siècle": ["fin", "FIN DE SIECLE", "ﬁn"],
    "100% Wag_ner \\ (ＦＵＬＬ)": ["100%", "%", "_", "\\", "g_n", "(full)"],
    "Ревизо́р": ["ревизор", "РЕВИЗОР"],
    "東京の春": ["東京", "の春"],
}
UNASSIGNED = {"Cn", "Co", "Cs"}
NOT_FOUND = ["handl", "h_ndel", "h%del", "Händel.", ".*", "100 %"]


@pytest.fixture(scope="module", params=["C", LOCALE])
def in_locale(request: pytest.FixtureRequest, servers: dict[str, str]) -> Iterator[None]:
    """A migrated database of a locale, with a show of each name."""
    name = f"locale_{uuid.uuid4().hex}"
    with closing(psycopg2.connect(servers["DATABASE_URL"])) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE '{request.param}'"
            )
    url = f"{servers['DATABASE_URL'].rpartition('/')[0]}/{name}"
    assert migrate(url).returncode == 0
    with enter({"DATABASE_URL": url}):
        for name in NAMES:
            make_show(name)
        yield


def make_show(name: str) -> int:
    start_time = datetime.now(UTC) + timedelta(days=30)
    with transaction() as connection:
        new = NewShow(name=name, start_time=start_time, hold_seconds=120, total_seats=1)
        return create_show(connection, new).id


def search(text: str) -> list[str]:
    with primary() as connection:
        return [show.name for show in list_shows(connection, ShowFilter(name=text))]


@pytest.mark.usefixtures("in_locale")
@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in NAMES.items() for text in texts])
def test_found(name: str, text: str, form: str) -> None:
    assert name in search(unicodedata.normalize(form, text))


@pytest.mark.usefixtures("in_locale")
@pytest.mark.parametrize("text", NOT_FOUND)
def test_not_found(text: str) -> None:
    assert search(text) == []


@pytest.mark.usefixtures("in_locale")
def test_wildcards_are_letters() -> None:
    for text in ("%", "_", "\\"):
        assert search(text) == ["100% Wag_ner \\ (ＦＵＬＬ)"]


def test_renamed(database: dict[str, str]) -> None:
    show_id = make_show("Hamlet")
    with transaction() as connection:
        update_show(connection, show_id, {"name": "Dvořák"})
    assert (search("hamlet"), search("DVORAK")) == ([], ["Dvořák"])


def test_names_of_the_version_before_are_found(database: dict[str, str]) -> None:
    """It neither writes nor changes what names are searched by."""
    created, renamed = make_show("King Lear"), make_show("Hamlet")
    run("UPDATE shows SET search_name = NULL WHERE id = :id", id=created)
    run("UPDATE shows SET name = 'Macbeth' WHERE id = :id", id=renamed)
    assert (search("LEAR"), search("macBETH")) == (["King Lear"], ["Macbeth"])


def test_migration_folds_the_names_that_are_there(servers: dict[str, str]) -> None:
    name = f"folded_{uuid.uuid4().hex}"
    with closing(psycopg2.connect(servers["DATABASE_URL"])) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
    url = f"{servers['DATABASE_URL'].rpartition('/')[0]}/{name}"
    assert migrate(url).returncode == 0
    with enter({"DATABASE_URL": url}):
        for _ in range(2):
            make_show("Händel")
        make_show("Die Straße")
        assert migrate(url, "downgrade", "0012").returncode == 0
        assert migrate(url).returncode == 0
        rows = ask("SELECT search_name FROM shows ORDER BY id")
        assert [row.search_name for row in rows] == ["handel", "handel", "die strasse"]


def test_folded_once_is_folded() -> None:
    """Of every character there is, however it is composed, in lower case and in upper case."""
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        if unicodedata.category(character) in UNASSIGNED:
            continue
        folded = fold_name(character)
        assert fold_name(folded) == folded, hex(number)
        forms = {unicodedata.normalize(form, character) for form in ("NFC", "NFD", "NFKC", "NFKD")}
        assert {fold_name(form) for form in forms | {character.lower()}} == {folded}, hex(number)
