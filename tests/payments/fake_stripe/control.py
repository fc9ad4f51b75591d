"""What buyers and their banks do, by HTTP: POST /control/{verb}/{id}.

`pay`, `decline`; `delay` pays by a slow method, which `settle` or `bounce` ends; `fail` has a refund come
back. The answer tells what came of the webhooks, once they are sent. `webhook=never` in the form sends none,
`twice` each twice.
"""

from typing import Any

from tests.payments.fake_stripe.ledger import Ledger
from tests.payments.fake_stripe.postman import Postman
from tests.payments.fake_stripe.refusals import RefusedError

COPIES = {"never": 0, "now": 1, "twice": 2}


def control(ledger: Ledger, postman: Postman | None, path: str, params: dict[str, Any]) -> dict[str, Any]:
    """Raises RefusedError where that cannot be done."""
    verb, _, name = path.removeprefix("/control/").partition("/")
    verbs = {
        "pay": lambda: ledger.pay(name),
        "delay": lambda: ledger.pay(name, is_delayed=True),
        "settle": lambda: ledger.settle(name),
        "bounce": lambda: ledger.settle(name, is_paid=False),
        "decline": lambda: ledger.decline(name),
        "fail": lambda: ledger.fail_refund(name),
    }
    if verb not in verbs:
        raise RefusedError(404, f"There is no {verb}")
    with ledger.lock:
        if postman:
            postman.copies = COPIES[params.get("webhook", "now")]
        verbs[verb]()
        if postman:
            postman.copies = 1
    return {"webhooks": postman.wait() if postman else []}
