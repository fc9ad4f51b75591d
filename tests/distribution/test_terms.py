"""Terms and bookings that change at one moment, by the lock that there is where there are shards."""

from tests.core.bookings.test_unsold import (  # noqa: F401 (they run here again)
    pool,
    test_changes_against_bookings,
    test_of_a_group_only_that_show_is_judged_again,
    test_what_is_accepted_meanwhile_goes_by_the_new_terms,
    test_what_is_refused_by_the_new_terms,
)
