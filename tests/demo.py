"""The demo show as the first `make run` makes it, in a test."""

from sqlalchemy import text

from api.documentation.request_examples import SHOW_ID
from core.infra.db import transaction
from core.shows.service import Show
from local.demo import ensure_demo_show


def make_first_demo_show() -> Show:
    """The demo show with the first id; later shows go on as if it had not been: processes remember ids."""
    with transaction() as connection:
        following = connection.execute(text("SELECT nextval('shows_id_seq')")).scalar_one()
        connection.execute(text(f"ALTER SEQUENCE shows_id_seq RESTART WITH {SHOW_ID}"))
    show = ensure_demo_show()
    with transaction() as connection:
        connection.execute(text(f"ALTER SEQUENCE shows_id_seq RESTART WITH {max(following, SHOW_ID + 1)}"))
    assert show.id == SHOW_ID
    return show
