"""The demo show: a real hall on sale, so that there is something to book after the first start."""

from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from core.audit.service import changing, name_command
from core.halls.plans import SeatingPlan
from core.infra.settings import get_settings
from core.shows.service import NewShow, Show, ShowFilter, create_show, describe_show, list_shows

HALL = Path(__file__).with_name("halls") / "riethsporthalle-erfurt.json"
NAME = "Demo: Riethsporthalle Erfurt"
PRICES = {"Kategorie I": 4500, "Kategorie II": 3000, "VIP": 9000}
DAYS_AHEAD = 30
TIME_ZONE = "Europe/Berlin"
EVENING = time(19, 30)


def ensure_demo_show() -> Show:
    """The demo show that is on sale; made where there is none, or where the last one's sales are over."""
    with changing(name_command("make run")) as change:
        on_sale = list_shows(change.connection, ShowFilter(name=NAME, status="on_sale", limit=1))
        if on_sale:
            change.tell_nothing()
            return on_sale[0]
        show = create_show(change.connection, describe_demo_show())
        change.tell("show.create", f"show:{show.id}", after=describe_show(show))
        return show


def main() -> None:
    """Print the demo show's id."""
    print(ensure_demo_show().id)


def describe_demo_show() -> NewShow:
    """The demo show, a month from now."""
    zone = ZoneInfo(TIME_ZONE)
    return NewShow(
        name=NAME,
        start_time=datetime.combine(datetime.now(zone) + timedelta(days=DAYS_AHEAD), EVENING, zone),
        hold_seconds=get_settings().hold_seconds,
        seating_plan=SeatingPlan.model_validate_json(HALL.read_bytes()),
        prices=PRICES,
        time_zone=TIME_ZONE,
    )


if __name__ == "__main__":
    main()
