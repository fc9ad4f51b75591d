"""The document at /openapi.json, and Swagger UI over it at /docs: all of it from installed packages."""

from pathlib import Path

import flask_swagger_ui
from flasgger import Swagger
from flask import Flask, Response, request

from api.documentation.document import OPENAPI, TITLE, build_document

ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"


def register_documentation(app: Flask) -> None:
    """Serve the document and the page."""
    # The document's order is meant: flasgger writes it by Flask's JSON, which would sort it by name.
    app.json.sort_keys = False  # type: ignore[attr-defined]
    Swagger(
        app,
        config={
            "openapi": OPENAPI,
            "title": TITLE,
            "headers": [],
            "specs": [{"endpoint": "openapi", "route": "/openapi.json", "rule_filter": lambda rule: False}],
            "static_url_path": "/docs/static",
            "static_folder": str(ASSETS),
            "specs_route": "/docs/",
            "swagger_ui": True,
            "auth": {},
            # The bar is but a field for another document's address, and wants jQuery.
            "hide_top_bar": True,
            "ui_params": {"tryItOutEnabled": True},
            # Defined in templates/flasgger/body_scripts.html.
            "ui_params_text": "{plugins: [SwaggerUIBundle.plugins.DownloadUrl, SeatlinePage]}",
        },
        template=build_document(app),
    )
    # The page itself, where Flask would redirect to /docs/ by the Host that a client names.
    app.add_url_rule("/docs", view_func=app.view_functions["flasgger.apidocs"], endpoint="docs")
    # Templates of api/templates come before flasgger's: ours leave out a font from elsewhere, and jQuery.
    app.after_request(_confine_pages)


def _confine_pages(response: Response) -> Response:
    if request.path.startswith("/docs"):
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; frame-ancestors 'none'"
        )
    return response
