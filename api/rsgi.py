"""What the web server imports."""

import gc

from api.app import create_app
from api.front import Front
from api.limits import find_allowances
from core.log import configure_logging

configure_logging()
app = create_app()
allowances = find_allowances(app)
front = Front(app, allowances.take if allowances else None)
# What is loaded now stays for good, and need not be looked through at every collection. And who makes 100,000
# seats makes a million objects that live as long as the request: to look at them every 700 is in vain.
gc.collect()
gc.freeze()
gc.set_threshold(50_000)
