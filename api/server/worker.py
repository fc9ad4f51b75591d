"""What the web server imports."""

from api.app import create_app
from api.gate.limits import make_allowances
from api.server.app import Door
from core.infra.garbage import spare_what_is_loaded
from core.infra.lines import LineWriter
from core.infra.log import configure_logging
from core.infra.settings import get_settings

configure_logging()
settings = get_settings()
door = Door(create_app(), make_allowances(settings), LineWriter() if settings.request_log else None)
spare_what_is_loaded()
