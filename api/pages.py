"""Pages for a person, where a client would rather have one than JSON: small, with nothing from elsewhere."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from api.request import Request
from api.responses import JSON, Answer, respond, respond_bytes

HTML = "text/html"
# Browsers send some 150 characters.
LONGEST_ACCEPT = 500
# Neither changes but with the service.
CACHE = "public, max-age=3600"
# The templates have a style of their own, and no script; whatever comes into them is escaped.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_templates = Environment(
    loader=PackageLoader("api"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def respond_page(request: Request, template: str, document: dict[str, Any]) -> Answer:
    """The document, as the template shows it to a person or as JSON: whichever the client likes better."""
    # Of equals the first counts: who has no preference is a program.
    if _parse_accept(request).best_match([JSON, HTML]) != HTML:
        return respond(document, cache=CACHE, Vary="Accept")
    return respond_bytes(
        _templates.get_template(template).render(document).encode(),
        content_type=f"{HTML}; charset=utf-8",
        cache=CACHE,
        Vary="Accept",
        Content_Security_Policy=POLICY,
    )


def _parse_accept(request: Request) -> MIMEAccept:
    sent = request.headers.get("accept", "")
    # The event loop reads it: who sends more than any browser has no preference.
    return parse_accept_header(sent if len(sent) <= LONGEST_ACCEPT else "", MIMEAccept)
