"""Mutants of payments: money that is taken, given back or noted as it must not be."""

from proof.mutant import Mutant

PAYMENT_MUTANTS = (
    Mutant(
        "what was paid is not compared with what was asked",
        "paid otherwise",
        "I10",
        (("core/payments/rules.py", "if report.amount != payment.amount:", "if False:"),),
    ),
    Mutant(
        "a refund has another id at each try",
        "refund not noted",
        "I10",
        (
            (
                "core/payments/settling.py",
                "refund_id=refund.id, amount=refund.amount",
                "refund_id=new_id(refund.slot), amount=refund.amount",
            ),
            (
                "core/payments/settling.py",
                "from core.infra.jobs import",
                "from core.infra.ids import new_id\nfrom core.infra.jobs import",
            ),
        ),
    ),
    # The event's id, the status, the condition of the statement: each hides that another is gone.
    Mutant(
        "a success is recorded as often as it is told",
        "payments forged",
        "I10",
        (
            ("core/payments/reporting.py", "if is_new and is_success", "if is_success"),
            ("core/payments/rules.py", " or payment.status in PAID:", ":"),
            ("core/payments/queries.py", " AND status IN ('pending', 'failed')\n", "\n"),
            (
                "core/payments/queries.py",
                "paid_amount = :amount, entries = entries + 1, balance = :amount",
                "paid_amount = paid_amount + :amount, entries = entries + 1, balance = balance + :amount",
            ),
            (
                "core/payments/queries.py",
                "'paid', paid_amount, {currency}, entries - 1, 0, balance",
                "'paid', amount, {currency}, entries - 1, balance - amount, balance",
            ),
        ),
    ),
    Mutant(
        "a success is answered, and applied some time later: expiry wins over it",
        "payment at expiry",
        "I8",
        (
            (
                "core/payments/event_queries.py",
                "CASE WHEN :is_due THEN clock_timestamp() END",
                "CASE WHEN :is_due THEN clock_timestamp() + interval '3 seconds' END",
            ),
            (
                "core/payments/confirming.py",
                "report.status is not ReportStatus.SUCCEEDED",
                "True",
            ),
            (
                "core/payments/reporting.py",
                "is_success = notice.report is not None and notice.report.status is ReportStatus.SUCCEEDED",
                "is_success = False",
            ),
            (
                "core/payments/reporting.py",
                "    if applied is None:\n        have_payments_settled()",
                "    if applied is None:\n        pass",
            ),
        ),
    ),
)
