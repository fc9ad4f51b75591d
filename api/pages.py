"""Pages for a person, where a client would rather have one than JSON: small, with nothing from elsewhere."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from werkzeug.datastructures import LanguageAccept, MIMEAccept
from werkzeug.http import parse_accept_header

from api.assets import get_assets
from api.content_policy import find_policy
from api.request import Request
from api.responses import JSON, REVALIDATE, Answer, respond, respond_bytes
from core.infra.settings import get_settings

HTML = "text/html"
ENGLISH = "en"
LANGUAGES = (ENGLISH, "de")
# Browsers send some 150 characters.
LONGEST_ACCEPT = 500
# It changes only with the service.
CACHE = "public, max-age=3600"
_templates = Environment(
    loader=PackageLoader("api"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def prefers_page(request: Request) -> bool:
    """Whether the client would rather have a page than JSON."""
    # Of equals the first counts: who has no preference is a program.
    return bool(_parse(request, "accept", MIMEAccept).best_match([JSON, HTML]) == HTML)


def respond_either(request: Request, template: str, document: dict[str, Any]) -> Answer:
    """The document, as the template shows it to a person or as JSON: whichever the client likes better."""
    if not prefers_page(request):
        return respond(document, cache=CACHE, Vary="Accept")
    answer = respond_page(request, template, document)
    answer.headers.append(("Vary", "Accept"))
    return answer


def respond_page(
    request: Request,
    template: str,
    values: dict[str, Any],
    *,
    status: int = 200,
    referrer: str = "same-origin",
) -> Answer:
    """The template with these values, which it escapes, in the language that the person prefers.

    A browser asks for it each time, as it names the files of the present version.
    """
    settings, assets = get_settings(), get_assets()
    text = _templates.get_template(template).render(
        values,
        assets=f"/assets/{assets.digest}",
        find_modules=assets.find_modules,
        language=_find_language(request),
        stripe_key=settings.stripe_publishable_key if settings.payment_provider == "stripe" else None,
    )
    return respond_bytes(
        text.encode(),
        status=status,
        content_type=f"{HTML}; charset=utf-8",
        cache=REVALIDATE,
        Vary="Accept-Language",
        Referrer_Policy=referrer,
        Content_Security_Policy=find_policy(settings.payment_provider),
    )


def _find_language(request: Request) -> str:
    """Of the languages that there are the one that the person likes best, whatever its region."""
    liked = _parse(request, "accept-language", LanguageAccept)
    found = (value.partition("-")[0].lower() for value, quality in liked if quality > 0)
    return next((language for language in found if language in LANGUAGES), ENGLISH)


def _parse(request: Request, name: str, kind: Any) -> Any:
    sent = request.headers.get(name, "")
    # The event loop reads it: who sends more than any browser has no preference.
    return parse_accept_header(sent if len(sent) <= LONGEST_ACCEPT else "", kind)
