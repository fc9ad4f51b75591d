"""Files of web/: immutable at the hash of the tree, packed once, for pages of every origin; no others."""

import gzip
import json
import re
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest

from api import assets
from api.assets import FOLDER, OF_OTHERS, TYPES, Assets, get_assets
from api.minify import minify
from core.infra.settings import get_settings
from tests.api.asking import assert_problem
from tests.door import DoorClient
from tests.support import HANGS_SECONDS

FOREVER, ASK = "public, max-age=31536000, immutable", "public, no-cache"
FILES = sorted(
    path.relative_to(FOLDER).as_posix()
    for path in FOLDER.rglob("*")
    if path.is_file() and path.suffix in TYPES
)
MODULE = "vendor/lit.js"
EMBED = "/embed/v1/seatline.js"
EMBEDDED = [Path(file).name for file in FILES if file.startswith("embed/v1/")]
GZIP = {"Accept-Encoding": "gzip"}
MakeTree = Callable[..., Assets]


def address(file: str, digest: str | None = None) -> str:
    return f"/assets/{digest or get_assets().digest}/{file}"


@pytest.fixture
def make_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeTree:
    """Makes a tree of files, and has it served in place of web/."""

    def make(**files: str) -> Assets:
        for name, text in files.items():
            (tmp_path / name.replace("__", ".")).write_text(text)
        made = Assets(tmp_path)
        monkeypatch.setattr(assets, "_read_assets", lambda: made)
        return made

    return make


@pytest.mark.parametrize("file", FILES)
def test_every_file_is_there_modules_without_comments(client: DoorClient, file: str) -> None:
    plain, packed = client.get(address(file)), client.get(address(file), headers=GZIP)
    content = (FOLDER / file).read_bytes()
    if file.endswith(".js") and not file.startswith(OF_OTHERS):
        content = minify(content.decode()).encode()
    assert (plain.status_code, packed.status_code, plain.data) == (200, 200, content)
    assert plain.content_type == packed.content_type == TYPES[Path(file).suffix]
    assert "Content-Encoding" not in plain.headers
    if len(content) >= 1024:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert len(packed.data) < len(content)
        assert gzip.decompress(packed.data) == content
    else:
        assert packed.data == content


def test_the_tree_is_not_empty() -> None:
    assert len(FILES) > 5
    assert {"vendor/lit.js", "pages/reading.css"} <= set(FILES)


def test_headers(client: DoorClient) -> None:
    headers = client.get(address(MODULE), headers={"Origin": "https://venue.example"}).headers
    assert headers["Cache-Control"] == FOREVER
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers.get_all("Vary") == ["Accept-Encoding"]


@pytest.mark.parametrize("more", [{}, GZIP], ids=["plain", "gzip"])
def test_304_for_who_has_the_file(client: DoorClient, more: dict[str, str]) -> None:
    tag = client.get(address(MODULE), headers=more).headers["ETag"]
    known = client.get(address(MODULE), headers={**more, "If-None-Match": tag})
    assert (known.status_code, known.data, known.headers["ETag"]) == (304, b"", tag)
    assert known.headers["Cache-Control"] == FOREVER
    assert known.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    other = client.get(address(MODULE), headers={**more, "If-None-Match": '"other"'})
    assert other.status_code == 200


def test_head_tells_the_same_without_the_file(client: DoorClient) -> None:
    got, headed = client.get(address(MODULE)), client.head(address(MODULE))
    assert (headed.status_code, headed.data) == (200, b"")
    assert headed.headers["ETag"] == got.headers["ETag"]


def test_a_page_of_another_version_gets_the_present_file_and_asks_again(client: DoorClient) -> None:
    for digest in ("0" * 16, "x", "..", "%2e%2e"):
        other = client.get(address(MODULE, digest))
        assert (other.status_code, other.headers["Cache-Control"]) == (200, ASK), digest
        assert other.data == (FOLDER / MODULE).read_bytes()


@pytest.mark.parametrize(
    "file",
    ["nothing.js", "vendor", "vendor/", "vendor/nothing.js", "vendor/MANIFEST.json", "MANIFEST.json",
     "package.json", "tsconfig.json", "../api/app.py", "..%2fapi%2fapp.py", "%2e%2e/%2e%2e/etc/passwd",
     "vendor/../vendor/lit.js", "vendor/%2e%2e/vendor/lit.js", "vendor/lit.js%00", "VENDOR/lit.js",
     "vendor\\lit.js", "vendor%5clit.js", "%2Fetc/passwd", "vendor/lit.js/", "vendor/lit",
     "__init__.py", ".", "..", "~"],
)  # fmt: skip
def test_nothing_else_is_there(web: str, file: str) -> None:
    """On the wire, where no client resolves a path first."""
    connection = HTTPConnection(web.removeprefix("http://"), timeout=HANGS_SECONDS)
    for path in (address(file), f"/assets/{file}"):
        connection.request("GET", path)
        answer = connection.getresponse()
        problem = json.loads(answer.read())
        assert (answer.status, problem["code"]) == (404, "not_found"), path
    connection.close()


def test_files_on_the_wire(web: str) -> None:
    connection = HTTPConnection(web.removeprefix("http://"), timeout=HANGS_SECONDS)
    connection.request("GET", address(MODULE), headers=GZIP)
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Cache-Control"]) == (200, FOREVER)
    assert gzip.decompress(answer.read()) == (FOLDER / MODULE).read_bytes()
    connection.close()


def test_an_encoded_slash_is_a_slash(client: DoorClient) -> None:
    assert client.get(address("vendor%2Flit.js")).data == (FOLDER / MODULE).read_bytes()


def test_no_link_leads_out_of_the_folder(make_tree: MakeTree, tmp_path: Path, client: DoorClient) -> None:
    outside = tmp_path.with_name("outside")
    outside.mkdir()
    (outside / "secret.js").write_text("secret")
    (tmp_path / "folder").symlink_to(outside)
    (tmp_path / "file.js").symlink_to(outside / "secret.js")
    tree = make_tree(own__js="1")
    assert tree.find("own.js")
    for file in ("folder/secret.js", "file.js"):
        assert client.get(address(file, tree.digest)).status_code == 404


def test_only_get_is_taken(client: DoorClient) -> None:
    for path in (address(MODULE), EMBED):
        assert_problem(client.post(path), 405, "method_not_allowed")
        preflight = {"Origin": "https://venue.example", "Access-Control-Request-Method": "GET"}
        assert client.options(path, headers=preflight).status_code == 204


@pytest.mark.parametrize("file", EMBEDDED)
def test_what_is_embedded_leads_to_the_present_module_for_five_minutes(client: DoorClient, file: str) -> None:
    answer = client.get(f"/embed/v1/{file}", headers={"Origin": "https://venue.example"})
    assert answer.text == f'export * from "/assets/{get_assets().digest}/embed/v1/{file}";\n'
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_sites_embed_the_map_and_the_client_and_nothing_else(client: DoorClient) -> None:
    assert EMBEDDED == ["client.js", "seatline.js"]
    for file in ("nothing.js", "..%2fclient%2fapi.js", "seatline", "lit.js"):
        assert_problem(client.get(f"/embed/v1/{file}"), 404, "not_found")


def test_modules_that_a_module_needs_are_known(make_tree: MakeTree, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "b.js").write_text('export * from "../c.js";\nimport "./d.js";')
    (tmp_path / "parts" / "d.js").write_text('import { a } from "../a.js"; // a circle')
    tree = make_tree(
        a__js='/** import "./no.js" */\nimport {\n    b,\n} from "./parts/b.js";\nawait import("./late.js");',
        c__js="",
        late__js="",
        no__js="",
    )
    assert tree.find_modules("a.js") == ["parts/b.js", "c.js", "parts/d.js"]
    assert tree.find_modules("c.js") == tree.find_modules("nothing.js") == []
    (tmp_path / "c.js").write_text('import "./late.js";')
    tree.look()
    assert tree.find_modules("a.js") == ["parts/b.js", "c.js", "parts/d.js", "late.js"]


def test_the_hash_is_of_every_file_and_its_name(make_tree: MakeTree) -> None:
    digests = [
        make_tree(a__js="1").digest,
        make_tree(a__js="2").digest,
        make_tree(a__js="2", b__css="3").digest,
        make_tree(a__js="2", b__css="3", c__md="not served").digest,
    ]
    assert len(set(digests)) == 3
    assert digests[2] == digests[3]
    assert all(re.fullmatch("[0-9a-f]{16}", digest) for digest in digests)


def test_the_same_tree_has_the_same_hash_in_each_process() -> None:
    assert Assets(FOLDER).digest == get_assets().digest


def test_a_changed_file_is_seen_in_development(
    make_tree: MakeTree, tmp_path: Path, client: DoorClient
) -> None:
    tree = make_tree(a__js="first", b__js="other")
    before, kept = tree.digest, tree.find("b.js")
    (tmp_path / "a.js").write_text("second+ longer")
    old = client.get(address("a.js", before))
    assert (old.text, old.headers["Cache-Control"]) == ("second+longer", ASK)
    assert client.get(address("a.js")).headers["Cache-Control"] == FOREVER
    assert before != tree.digest
    (tmp_path / "embed" / "v1").mkdir(parents=True)
    (tmp_path / "embed" / "v1" / "seatline.js").write_text("new")
    embedded = client.get(EMBED).text
    assert tree.digest in embedded
    assert tree.digest in client.get("/s/1").text
    assert tree.find("b.js") is kept
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "c.js").write_text("new")
    assert client.get(address("folder/c.js")).text == "new"
    (tmp_path / "folder" / "c.js").unlink()
    assert client.get(address("folder/c.js")).status_code == 404


def test_in_production_files_are_those_of_the_start(
    make_tree: MakeTree, tmp_path: Path, client: DoorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = get_settings().model_copy(update={"seatline_env": "production"})
    monkeypatch.setattr(assets, "get_settings", lambda: settings)
    tree = make_tree(a__js="first")
    (tmp_path / "a.js").write_text("second+ longer")
    (tmp_path / "b.js").write_text("new")
    answer = client.get(address("a.js", tree.digest))
    assert (answer.text, answer.headers["Cache-Control"]) == ("first", FOREVER)
    assert client.get(address("b.js")).status_code == 404


def test_files_are_counted_by_their_route(client: DoorClient) -> None:
    client.get(address(MODULE))
    client.get(EMBED)
    metrics = client.get("/metrics").text
    for route in ("/assets/<digest>/<path:file>", "/embed/v1/<file>"):
        assert re.search(
            rf'seatline_http_requests_total{{method="GET",route="{re.escape(route)}",status="200"}}', metrics
        )
    assert get_assets().digest not in metrics


def test_files_are_served_on_the_loop(client: DoorClient) -> None:
    door = client.doorway.door
    before = door._threads._work_queue.qsize(), len(door._threads._threads)
    for _ in range(20):
        assert client.get(address(MODULE)).status_code == 200
    assert (door._threads._work_queue.qsize(), len(door._threads._threads)) == before
