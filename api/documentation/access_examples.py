"""Examples of answers about who does what: the audit log."""

from pydantic import BaseModel

from api.documentation.request_examples import REQUESTED_AT, SHOW_ID, Examples
from api.schemas import audit

ACCESS_ANSWERS: dict[type[BaseModel], Examples] = {
    audit.AuditPage: {
        "page": {
            "items": [
                {
                    "id": 17,
                    "at": REQUESTED_AT,
                    "actor": {"kind": "key", "id": "3", "name": "Box office", "role": "admin"},
                    "action": "show.change",
                    "target": f"show:{SHOW_ID}",
                    "request_id": "5f0c2d7e9b3a4c61a8e2f4d0b7c91e35",
                    "client": "9c1e5b7a4f20d3e86b12c0aa",
                    "before": {"max_seats_per_booking": 10},
                    "after": {"max_seats_per_booking": 6},
                }
            ],
            "next": "WzE3XQ",
        }
    },
}
