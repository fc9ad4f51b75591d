"""TLS to Redis and RabbitMQ: what a URL says of certificates, and what each client is told of it.

Certificates are verified, chain and host name, unless the URL itself says `ssl_cert_reqs=none`.
"""

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TLS_SCHEMES = ("rediss", "amqps")
# sentinel:// has no TLS variant: an ssl_ option turns TLS on.
EITHER_SCHEMES = ("sentinel",)
PREFIX = "ssl_"
CERT_REQS = "ssl_cert_reqs"
# Which of the URL's options are paths of files.
FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
# As redis-py spells them, and as Celery does. A server always shows a certificate, so that what is optional
# is verified as well.
IS_VERIFIED = {
    "required": True,
    "optional": True,
    "none": False,
    "CERT_REQUIRED": True,
    "CERT_OPTIONAL": True,
    "CERT_NONE": False,
}


def _read_options(url: str) -> dict[str, str]:
    """The URL's options of TLS; where there are several URLs, the first one's, which are the others' too."""
    query = parse_qsl(urlsplit(url.partition(";")[0]).query, keep_blank_values=True)
    return {name: value for name, value in query if name.startswith(PREFIX)}


def find_tls_fault(url: str) -> str | None:
    """The fault in the TLS options of a URL, or of several with semicolons; None where they are right."""
    said = [(urlsplit(one).scheme, _read_options(one)) for one in url.split(";")]
    scheme, options = said[0]
    has_tls = any(options or scheme in TLS_SCHEMES for scheme, options in said)
    if has_tls and any(other != said[0] for other in said):
        # A client takes one set of TLS options for all of its failover URLs.
        return "must have the same scheme and the same ssl_ options in each of its URLs"
    if options.keys() - {CERT_REQS, *FILES}:
        return f"has an option of TLS that there is not; there are {', '.join((CERT_REQS, *FILES))}"
    if options and scheme not in TLS_SCHEMES + EITHER_SCHEMES:
        return f"has options of TLS, but its scheme is without: TLS is {', '.join(TLS_SCHEMES)}"
    if options.get(CERT_REQS, "required") not in IS_VERIFIED:
        return f"must have {CERT_REQS} be required or none"
    return _find_file_fault(options)


def _find_file_fault(options: dict[str, str]) -> str | None:
    for name in FILES:
        if name in options and not Path(options[name]).is_file():
            return f"names a file that there is not in {name}"
    if "ssl_keyfile" in options and "ssl_certfile" not in options:
        return "has ssl_keyfile without ssl_certfile"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if "ssl_ca_certs" in options:
            context.load_verify_locations(options["ssl_ca_certs"])
        if "ssl_certfile" in options:
            # Without a password OpenSSL would prompt on the terminal.
            context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"), password="")
    except OSError:
        return f"names a file in {', '.join(FILES)} that is no certificate or key in PEM"
    return None


def is_verified(url: str) -> bool:
    """Whether its server has to prove who it is; where there is no TLS nothing is said of it: True."""
    return IS_VERIFIED[_read_options(url).get(CERT_REQS, "required")]


def strip_tls(url: str) -> str:
    """The URL, or several, without their options of TLS, which each client would read in a way of its own."""
    return ";".join(map(_strip_one, url.split(";")))


def _strip_one(url: str) -> str:
    address, mark, query = url.partition("?")
    kept = "&".join(part for part in query.split("&") if not part.startswith(PREFIX))
    return f"{address}{mark}{kept}" if kept else address


def get_tls_options(url: str) -> dict[str, Any]:
    """The TLS arguments of every client: redis-py's and limits' keywords, kombu's and Celery's `ssl`.

    Nothing where the URL is without TLS.
    """
    options = _read_options(url)
    scheme = urlsplit(url).scheme
    if scheme not in TLS_SCHEMES and not (scheme in EITHER_SCHEMES and options):
        return {}
    verified = is_verified(url)
    return {
        CERT_REQS: ssl.CERT_REQUIRED if verified else ssl.CERT_NONE,
        "ssl_check_hostname": verified,
        **{name: options[name] for name in FILES if name in options},
    }
