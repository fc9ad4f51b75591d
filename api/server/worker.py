"""What the web server imports."""

from api.app import create_app
from api.gate.allowances import find_allowances
from api.server.app import Front
from core.infra.garbage import spare_what_is_loaded
from core.infra.log import configure_logging

configure_logging()
app = create_app()
allowances = find_allowances(app)
front = Front(app, allowances.take if allowances else None)
spare_what_is_loaded()
