"""What screen readers are told, and when."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.external.browser.browsing import Visit
from tests.external.browser.halls import open_hall
from tests.external.browser.hosting import Host


def test_announcements_wait_their_turn_and_the_newest_wins(host: Host, visit: Callable[..., Visit]) -> None:
    page = open_hall(host, visit)
    page.evaluate("makeAnnouncer()")
    polite, urgent = page.get_by_role("status"), page.get_by_role("alert")
    page.evaluate("announcer.say('one')")
    expect(polite).to_have_text("one")
    page.evaluate("() => { clock.advance(1000); announcer.say('two'); }")
    page.evaluate("() => { clock.advance(1000); announcer.say('three'); }")
    expect(polite).to_have_text("one")
    page.evaluate("announcer.sayNow('30 seconds left')")
    expect(urgent).to_have_text("30 seconds left")
    page.evaluate("clock.advance(2999)")
    expect(polite).to_have_text("one")
    page.evaluate("clock.advance(1)")
    expect(polite).to_have_text("three")
    page.evaluate("() => { clock.advance(4999); announcer.say('four'); }")
    expect(polite).to_have_text("three")
    page.evaluate("clock.advance(1)")
    expect(polite).to_have_text("four")
    page.evaluate("() => { clock.advance(60000); announcer.say('five'); }")
    expect(polite).to_have_text("five")


def test_the_same_words_are_announced_again(host: Host, visit: Callable[..., Visit]) -> None:
    page = open_hall(host, visit)
    page.evaluate("makeAnnouncer()")
    told = page.evaluate("""async () => {
        let changes = 0;
        new MutationObserver((found) => { changes += found.length; })
            .observe(announcer.assertive, { childList: true, characterData: true, subtree: true });
        announcer.sayNow("taken");
        await null;
        const first = changes;
        const before = announcer.assertive.textContent;
        announcer.sayNow("taken");
        await null;
        return [first > 0, changes > first, before !== announcer.assertive.textContent];
    }""")
    assert told == [True, True, True]
    page.evaluate("announcer.destroy()")
    expect(page.get_by_role("alert")).to_have_count(0)
