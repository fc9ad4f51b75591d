"""Which route a request is for: Flask's own map of them, asked once."""

from typing import Any

from flask import Flask
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect, Rule

from api.contract import PAGES, Served
from api.errors import MethodNotAllowedError, NotFoundError
from api.request import Request
from core.errors import SeatlineError

# In place of a method that is none: werkzeug would take get for GET, while methods are case-sensitive.
NO_METHOD = "-"
# A method and a path without an argument; or a method and what stands around one: its noun, and what follows.
Hot = tuple[str, str] | tuple[str, str, str | None]


class Router:
    """The application's routes, with the view and the contract of each."""

    def __init__(self, app: Flask) -> None:
        self._adapter = app.url_map.bind("")
        self._views = app.view_functions
        # Routes past Flask with one argument at most, after their noun: a look-up finds them in a tenth of
        # the time of the map's own search, which is a few per cent of a booking's read.
        self._hot: dict[Hot, Rule] = {}
        self._methods: set[str] = set()
        for rule in app.url_map.iter_rules():
            self._methods |= rule.methods or set()
            declared = getattr(self._views[rule.endpoint], "operation", PAGES)
            if declared.served is not Served.THREAD and len(rule.arguments) <= 1:
                noun, _, rest = _cut(rule.rule)
                for method in rule.methods or ():
                    key: Hot = (method, noun, rest) if rule.arguments else (method, rule.rule)
                    self._hot[key] = rule

    def search(self, request: Request) -> tuple[Any, SeatlineError | None]:
        """What find() returns, or else what it raises: raised once the request is counted and admitted."""
        try:
            return self.find(request), None
        except (NotFoundError, MethodNotAllowedError) as error:
            return None, error

    def find(self, request: Request) -> Any:
        """The view, None where the server itself is asked; the request is told its route, its contract and
        the path's arguments. Raises NotFoundError, MethodNotAllowedError.
        """
        method, path = request.method, request.path
        if not path.startswith("/"):
            # `OPTIONS *`, and CONNECT, which names a host.
            if method == "OPTIONS":
                return None
            raise MethodNotAllowedError(self._methods)
        if "//" in path:
            # Flask's map takes //admin for /admin; the gate, which judges the path, does not.
            raise NotFoundError("There is nothing at this address.")
        if rule := self._hot.get((method, path)):
            return self._enter(request, rule, {})
        noun, argument, rest = _cut(path)
        if argument and (rule := self._hot.get((method, noun, rest))):
            return self._enter(request, rule, {name: argument for name in rule.arguments})
        try:
            known = method if method.isupper() else NO_METHOD
            rule, arguments = self._adapter.match(path, known, return_rule=True)
        except (NotFound, RequestRedirect):
            # A path to which only a slash is missing is not there either: a resource has one address.
            raise NotFoundError("There is nothing at this address.") from None
        except MethodNotAllowed as error:
            raise MethodNotAllowedError(error.valid_methods or ()) from None
        return self._enter(request, rule, dict(arguments))

    def _enter(self, request: Request, rule: Rule, arguments: dict[str, str]) -> Any:
        view = self._views[rule.endpoint]
        request.route, request.arguments = rule.rule, arguments
        request.operation = getattr(view, "operation", PAGES)
        return view

    def find_methods(self, path: str) -> list[str]:
        """The methods that a path takes, or the whole server (`*`); none where there is nothing."""
        return sorted(self._adapter.allowed_methods(path) if path.startswith("/") else self._methods)


def _cut(path: str) -> tuple[str, str, str | None]:
    """The noun, the argument after it, and what follows; empty, or None, where there is none."""
    parts = path.split("/", 3)
    return (
        parts[1] if len(parts) > 1 else "",
        parts[2] if len(parts) > 2 else "",
        parts[3] if len(parts) > 3 else None,
    )
