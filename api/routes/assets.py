"""Files of web/: modules, styles and texts of the pages, and of the map that other sites embed."""

from dataclasses import replace

from flask import Blueprint

from api.assets import get_assets
from api.contract import Served, operation
from api.errors import NotFoundError
from api.request import Request
from api.responses import REVALIDATE, Answer, respond_bytes, respond_tagged, takes_gzip
from api.server.groups import Groups

blueprint = Blueprint("assets", __name__)
EMBED = "embed/v1/"
# A site that embeds the map has a new version so many seconds after it is there.
EMBED_CACHE = "public, max-age=300"
# Sites may embed the files where they have asked for isolation (Cross-Origin-Embedder-Policy).
EMBEDDABLE = "Cross-Origin-Resource-Policy", "cross-origin"


@blueprint.get("/assets/<digest>/<path:file>")
@operation(served=Served.LOOP, summary="A file of web/", tag="", returns={200: None, 304: None})
async def get_asset(request: Request, groups: Groups, digest: str, file: str) -> Answer:
    """The file as it is now, immutable where its address has the hash of what is there now."""
    assets = get_assets()
    if (found := assets.find(file)) is None:
        raise NotFoundError("There is nothing at this address.")
    if digest != assets.digest:
        # A page of the version before, or after, during an upgrade.
        found = replace(found, cache=REVALIDATE)
    answer = respond_tagged(request, found if takes_gzip(request) else found.unpack())
    answer.headers.append(EMBEDDABLE)
    return answer


@blueprint.get("/embed/v1/<file>")
@operation(served=Served.LOOP, summary="A module for other sites", tag="", returns={200: None})
async def get_embed(request: Request, groups: Groups, file: str) -> Answer:
    """The module that sites embed: it leads to the present one, which browsers resolve on its own origin."""
    assets = get_assets()
    if assets.find(EMBED + file) is None:
        raise NotFoundError("There is nothing at this address.")
    answer = respond_bytes(
        f'export * from "/assets/{assets.digest}/{EMBED}{file}";\n'.encode(),
        content_type="text/javascript; charset=utf-8",
        cache=EMBED_CACHE,
    )
    answer.headers.append(EMBEDDABLE)
    return answer
