"""The sandbox's HTTP: Seatline's calls, the buyer's pages, and what all answers have."""

from flask import Flask, Response, make_response, render_template
from werkzeug.exceptions import HTTPException

from core.payments.providers.sandbox import Keys
from sandbox.calls import make_calls
from sandbox.checkout import POLICY, make_checkout
from sandbox.faults import Faults
from sandbox.ledger import Ledger, RefusedError

LONGEST_BODY = 64 * 1024
COMMON = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # A page's address is all that it takes to pay.
    "Referrer-Policy": "no-referrer",
}


def create_app(ledger: Ledger, faults: Faults, *, keys: Keys, address: str) -> Flask:
    """The application; `address` is where it is to be reached."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = LONGEST_BODY
    app.register_blueprint(make_calls(ledger, faults, key=keys.api, address=address))
    app.register_blueprint(make_checkout(ledger))

    @app.get("/")
    def index() -> Response:
        page = make_response(render_template("index.html"))
        page.headers["Content-Security-Policy"] = POLICY
        return page

    @app.errorhandler(RefusedError)
    def refuse(refusal: RefusedError) -> tuple[dict[str, str], int]:
        return {"error": str(refusal)}, refusal.status

    @app.errorhandler(HTTPException)
    def answer(error: HTTPException) -> tuple[dict[str, str], int]:
        return {"error": error.name}, error.code or 500

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers.extend(COMMON)
        return response

    return app
