"""The checkout: what a hold's buyer is told, how money is waited for, and what a ticket holds."""

import base64
import json
import re
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.acting import end_hold
from tests.external.browser.browsing import PHONE
from tests.external.browser.buying import hold_best
from tests.external.browser.hosting import Document, Host
from tests.external.browser.service import MakeShow, OpenPage, Site
from tests.external.browser.theatres import THEATRE
from tests.external.toolbox import install_node
from tests.support import HANGS_SECONDS, wait_until

# What becomes of a hold or of money, in milliseconds.
PATIENCE = HANGS_SECONDS * 1000
# Enough for a page to be there before.
ENDS_SECONDS = 6
CALENDAR = "import('/assets/here/elements/checkout/calendar.js')"
READ_CODE = """
    async (url) => {
        const image = new Image();
        image.src = url;
        await image.decode();
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [image.width, image.height];
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        const { data, width, height } = context.getImageData(0, 0, image.width, image.height);
        return jsQR(data, width, height)?.data;
    }
"""

STRIPE = """
    window.Stripe = (key, options) => ({
        elements: ({ clientSecret }) => ({
            create: () => ({
                mount: (place) => place.append(`Card for ${clientSecret} by ${key}, ${options.locale}`),
            }),
        }),
        confirmPayment: async ({ confirmParams }) => {
            window.confirmed = [...(window.confirmed ?? []), confirmParams.return_url];
            return window.confirmed.length > 1 ? {} : { error: { message: "Your card has no money." } };
        },
    });
"""
INTENT = {"provider": "stripe", "status": "pending", "checkout_url": None, "client_secret": "pi_1_secret_2"}


def leave_to_pay(page: Page) -> None:
    """Go to the sandbox's page, for two seats of the stalls."""
    page.get_by_role("button", name="Pay €90.00").click()
    page.wait_for_url(re.compile("/checkout/"))


def come_back(page: Page) -> str:
    """Go back from the sandbox's page; the booking's id."""
    page.get_by_role("link", name="Back to the seller").click()
    page.wait_for_url(re.compile("/b/"))
    return page.url.rpartition("/")[2]


def hold_elsewhere(site: Site, show_id: int) -> Any:
    """A seat of the stalls, held by a client that is no page."""
    return site.ask("POST", "/bookings", {"show_id": show_id, "seats": ["Stalls-A-1"], "hold": True})


def pay_silently(checkout_url: str) -> None:
    """Pay at the sandbox, which tells nobody."""
    body = json.dumps({"webhook": "never"}).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(f"{checkout_url}/pay", body, headers)
    with urllib.request.urlopen(request, timeout=HANGS_SECONDS) as answer:
        assert answer.status == 200


def read_code(page: Page) -> Any:
    """What a reader of QR codes makes of the ticket on the page."""
    page.evaluate((install_node() / "jsqr" / "dist" / "jsQR.js").read_text())
    picture = base64.b64encode(page.locator("seatline-checkout .qr").screenshot()).decode()
    return page.evaluate(READ_CODE, f"data:image/png;base64,{picture}")


def test_what_is_paid_comes_back_as_a_ticket_that_the_door_can_read(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE, payment_required=True)
    page = open_page(f"/s/{show.id}", viewport=PHONE, touch=True, dark=True)
    hold_best(page)
    leave_to_pay(page)
    page.get_by_role("button", name="Pay").click()
    booking_id = come_back(page)
    expect(page.get_by_role("heading", name="Your ticket")).to_be_visible()
    booking = site.ask("GET", f"/bookings/{booking_id}")
    assert booking["status"] == "CONFIRMED"
    expect(page.get_by_text(booking["ticket_code"])).to_be_visible()
    assert read_code(page) == booking["ticket_code"]


def test_a_payment_is_waited_for_and_can_be_gone_on_with(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE, payment_required=True)
    page = open_page(f"/s/{show.id}")
    hold_best(page)
    leave_to_pay(page)
    come_back(page)
    expect(page.get_by_text("We are waiting for your payment")).to_be_visible()
    page.get_by_role("button", name="Continue to payment").click()
    page.wait_for_url(re.compile("/checkout/"))
    other = page.context.new_page()
    other.goto(page.url)
    come_back(page)
    # It is paid in another tab, and this one hears of it.
    other.get_by_role("button", name="Pay").click()
    expect(page.get_by_role("heading", name="Your ticket")).to_be_visible()


def test_who_is_declined_is_told_so_and_pays_anew(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE, payment_required=True)
    page = open_page(f"/s/{show.id}")
    hold_best(page)
    leave_to_pay(page)
    page.get_by_role("button", name="Decline").click()
    booking_id = come_back(page)
    expect(page.get_by_text("Your payment was declined")).to_be_visible()
    page.get_by_role("button", name="Pay €90.00 again").click()
    page.wait_for_url(re.compile("/checkout/"))
    page.get_by_role("button", name="Pay").click()
    assert come_back(page) == booking_id
    expect(page.get_by_role("heading", name="Your ticket")).to_be_visible()


def test_a_host_may_lead_to_the_payment_itself(make_show: MakeShow, open_page: OpenPage) -> None:
    show = make_show(**THEATRE, payment_required=True)
    page = open_page(f"/s/{show.id}")
    hold_best(page)
    page.evaluate("""() => document.addEventListener("seatline-pay", (event) => {
        event.preventDefault();
        window.led = event.detail.payment.checkout_url;
    })""")
    page.get_by_role("button", name="Pay €90.00").click()
    expect(page.get_by_text("We are waiting for your payment")).to_be_visible()
    assert "/checkout/" in wait_until(lambda: page.evaluate("window.led"))
    assert "/s/" in page.url


def test_what_is_free_of_charge_is_confirmed(site: Site, make_show: MakeShow, open_page: OpenPage) -> None:
    show = make_show(total_seats=6, price=0, name="Free for all")
    page = open_page(f"/s/{show.id}")
    hold_best(page)
    expect(page.locator("seatline-checkout").get_by_text("free", exact=True)).to_be_visible()
    page.get_by_role("button", name="Confirm booking").click()
    expect(page.get_by_role("heading", name="Your ticket")).to_be_focused()
    page.get_by_role("link", name="Open your booking").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Free for all")
    expect(page.get_by_text("confirmed", exact=True)).to_be_visible()


def test_more_time_says_when_there_is_no_more(make_show: MakeShow, open_page: OpenPage) -> None:
    show = make_show(**THEATRE, hold_seconds=600)
    page = open_page(f"/s/{show.id}")
    hold_best(page)
    more = page.locator("seatline-checkout").get_by_role("button", name="More time")
    more.click()
    expect(page.get_by_text("You have more time: until")).to_be_visible()
    more.click()
    expect(page.get_by_text("That is as long as seats can be held")).to_be_visible()
    expect(more).to_be_focused()


def test_a_hold_that_runs_out_unpaid_says_so(site: Site, make_show: MakeShow, open_page: OpenPage) -> None:
    show = make_show(**THEATRE, payment_required=True)
    booking = hold_elsewhere(site, show.id)
    end_hold(booking["id"], in_seconds=ENDS_SECONDS)
    page = open_page(f"/b/{booking['id']}")
    expect(page.get_by_role("button", name="Pay €45.00")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text=re.compile(r"Only \d+ seconds left"))).to_be_visible()
    expect(page.get_by_role("heading", name="The time is up")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Nothing was charged")).to_be_visible()
    expect(page.get_by_text("not booked")).to_be_visible()


def test_what_was_paid_as_the_hold_ran_out_becomes_a_ticket_after_all(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE, payment_required=True)
    booking = hold_elsewhere(site, show.id)
    payment = site.ask("POST", f"/bookings/{booking['id']}/payments", {})
    end_hold(booking["id"], in_seconds=ENDS_SECONDS)
    page = open_page(f"/b/{booking['id']}")
    expect(page.get_by_text("We are waiting for your payment")).to_be_visible()
    # The service hears of it only when it asks the provider, at the end of the hold.
    pay_silently(payment["checkout_url"])
    expect(page.get_by_role("heading", name="Your ticket")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Cancel booking").click()
    expect(page.get_by_role("dialog")).to_contain_text("€45.00 is paid back to you")
    page.get_by_role("button", name="Yes, cancel").click()
    expect(page.get_by_role("heading", name="This booking is cancelled")).to_be_focused()
    expect(page.get_by_text("€45.00 was paid back to you.")).to_be_visible(timeout=PATIENCE)


def test_an_event_of_a_calendar_is_saved(site: Site, make_show: MakeShow, open_page: OpenPage) -> None:
    booking = site.book(make_show(**{**THEATRE, "name": "Käthe, Hans; & Co"}).id, "Stalls-A-1")
    page = open_page(f"/b/{booking['id']}")
    expect(page.get_by_text("row A, seat 1")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Add to calendar").click()
    assert saved.value.suggested_filename == "Käthe-Hans-Co.ics"
    lines = saved.value.path().read_bytes().decode().split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert r"SUMMARY:Käthe\, Hans\; & Co" in lines
    assert r"DESCRIPTION:Stalls\, row A\, seat 1" in lines
    # Calendars are shared: the key to the booking is not in them.
    assert booking["id"] not in "".join(lines)
    assert booking["ticket_code"] not in "".join(lines)


def test_an_event_is_written_as_calendars_read_it(open_module_page: OpenPage) -> None:
    page = open_module_page()
    event = {"uid": "u@h", "start": "2030-01-10T19:30:00Z", "name": "Größe" * 60, "seats": "a,b;c\\d\ne"}
    text = page.evaluate(
        f"(event) => {CALENDAR}.then((module) => module.makeCalendar({{ ...event, stamp: new Date(0) }}))",
        event,
    )
    assert text.count("\n") == text.count("\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    whole = text.replace("\r\n ", "").split("\r\n")
    assert f"SUMMARY:{event['name']}" in whole
    assert r"DESCRIPTION:a\,b\;c\\d\ne" in whole
    assert "DTSTART:20300110T193000Z" in whole
    assert "DTSTAMP:19700101T000000Z" in whole


@pytest.fixture
def held_by_stripe(make_show: MakeShow, open_page: OpenPage) -> Page:
    """A page with a hold and a key of Stripe's, without the policy of pages where Stripe takes no money."""
    show = make_show(**THEATRE, payment_required=True)
    stripe = "https://js.stripe.com"
    page = open_page(f"/s/{show.id}", origins={stripe}, forgives="stripe", bypass_csp=True)
    hold_best(page)
    page.locator("seatline-checkout").evaluate("(checkout) => (checkout.stripeKey = 'pk_test_1')")
    return page


def test_stripes_form_is_filled_in_on_the_page_itself(held_by_stripe: Page) -> None:
    page = held_by_stripe
    page.route("https://js.stripe.com/**", lambda route: route.fulfill(body=STRIPE))
    page.route("**/payments", lambda route: route.fulfill(status=201, json=INTENT))
    page.get_by_role("button", name="Pay €90.00").click()
    expect(page.get_by_text("Card for pi_1_secret_2 by pk_test_1, en-GB")).to_be_visible()
    page.get_by_role("button", name="Pay €90.00").click()
    expect(page.get_by_role("alert").filter(has_text="Your card has no money.")).to_be_visible()
    page.get_by_role("button", name="Pay €90.00").click()
    expect(page.get_by_text("Card for")).to_have_count(0)
    assert re.search(r"/b/[0-9a-f-]{36}$", page.evaluate("confirmed[1]"))


def test_who_blocks_stripes_script_pays_on_the_providers_page(held_by_stripe: Page) -> None:
    page = held_by_stripe
    page.route("https://js.stripe.com/**", lambda route: route.abort())
    page.get_by_role("button", name="Pay €90.00").click()
    page.wait_for_url(re.compile("/checkout/"))


def test_in_a_frame_the_payment_page_opens_in_another_tab(
    site: Site, host: Host, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE, payment_required=True)
    booking = hold_elsewhere(site, show.id)
    host.documents["/outer"] = Document('<!doctype html><iframe src="/inner" title="Tickets"></iframe>')
    host.documents["/inner"] = Document(
        f'<!doctype html><script type="module" src="{site.url}/embed/v1/seatline.js"></script>'
        f'<seatline-checkout booking="{booking["id"]}" locale="en"></seatline-checkout>'
    )
    page = open_page(f"{host.url}/outer", origins={host.url})
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Pay €45.00").click()
    with page.expect_popup() as opened:
        frame.get_by_role("link", name="Open the payment page").click()
    opened.value.get_by_role("button", name="Pay").click()
    page.bring_to_front()
    expect(frame.get_by_role("heading", name="Your ticket")).to_be_visible()
    expect(frame.get_by_role("button", name="Print")).to_have_count(0)
    assert opened.value.get_by_role("link", name="Back to the seller").get_attribute("href") == (
        f"{site.url}/b/{booking['id']}"
    )
