"""T, the textbook: the same API and tables with a row and a Celery task for every booking.

It is a yardstick, and favoured: it writes no events, keeps no counts or versions, knows no keys and no holds.
"""
