"""Which route a request is for: Flask's own map of them, asked once."""

from typing import Any

from flask import Flask
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from api.contract import PAGES
from api.errors import MethodNotAllowedError, NotFoundError
from api.request import Request


class Router:
    """The application's routes, with the view and the contract of each."""

    def __init__(self, app: Flask) -> None:
        self._adapter = app.url_map.bind("")
        self._views = app.view_functions

    def find(self, request: Request) -> Any:
        """The view; the request is told its route, its contract and the path's arguments.

        Raises NotFoundError, MethodNotAllowedError.
        """
        try:
            rule, arguments = self._adapter.match(request.path, request.method, return_rule=True)
        except RequestRedirect:
            # To /docs/, say: Flask answers it.
            return None
        except NotFound:
            raise NotFoundError("There is nothing at this address.") from None
        except MethodNotAllowed as error:
            raise MethodNotAllowedError(error.valid_methods or ()) from None
        view = self._views[rule.endpoint]
        request.route, request.arguments = rule.rule, dict(arguments)
        request.operation = getattr(view, "operation", PAGES)
        return view

    def find_methods(self, path: str) -> list[str]:
        """The methods that a path takes; none where there is nothing."""
        return sorted(self._adapter.allowed_methods(path))
