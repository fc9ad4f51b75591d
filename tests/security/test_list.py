"""What is promised of security, each item with the tests that prove it."""

import ast
from functools import cache

import pytest

from tests.support import ROOT

# An item, and its tests: a file under tests/, and the test's name in it.
PROOFS = {
    "every route but the public ones asks for a key": (
        "security/test_roles.py::test_every_route_with_every_role",
        "security/test_roles.py::test_no_route_is_left_out_of_the_document",
        "security/test_roles.py::test_what_is_not_there_is_found_out_by_those_who_may_read",
        "api/test_security.py::test_every_admin_route_asks_for_a_key",
        "api/test_security.py::test_no_route_hides_behind_another_name",
        "api/test_raw_requests.py::test_nothing_has_a_second_address",
        "api/test_schema.py::test_conformance_by_role",
    ),
    "ids cannot be enumerated": (
        "security/test_answers.py::test_no_id_leads_to_another",
        "api/test_bookings.py::test_ids_are_unguessable",
        "api/test_security.py::test_nothing_public_lists_bookings",
    ),
    "a ticket cannot be guessed or forged, tells nothing of its booking's id, and ends with its cancel": (
        "core/bookings/test_tickets.py::test_one_bit_makes_it_another_code",
        "core/bookings/test_tickets.py::test_another_secret_makes_other_codes",
        "core/bookings/test_tickets.py::test_a_code_tells_nothing_of_the_random_bits",
        "core/bookings/test_tickets.py::test_a_cancelled_booking_has_a_void_ticket",
        "api/test_tickets.py::test_who_may_not_look_it_up",
        "api/test_tickets.py::test_nothing_else_takes_the_code",
    ),
    "idempotency keys are scoped by client": (
        "api/test_idempotency.py::test_scoped_by_principal",
        "api/test_idempotency.py::test_short_keys_are_for_those_with_a_credential",
        "races/test_keys.py::test_same_key_for_different_requests",
    ),
    "unknown fields of a body are refused": ("security/test_bodies.py::test_unknown_fields_are_refused",),
    "bodies, lists, keys and nesting are bounded": (
        "security/test_bodies.py::test_everything_that_a_body_has_is_bounded",
        "api/test_errors.py::test_bodies_of_the_longest_length",
        "api/test_wire.py::test_chunked_body_that_is_too_long",
        "api/test_batch.py::test_bounded",
        "api/test_idempotency.py::test_keys_that_are_refused",
        "api/test_show_creation.py::test_a_body_of_millions_of_values_is_not_even_parsed",
        "core/halls/test_plan_limits.py::test_a_plan_has_at_most_so_many_parts",
    ),
    "NUL, lone surrogates, duplicate keys, huge integers and wrong types are 4xx, never 500": (
        "security/test_bodies.py::test_what_is_no_json_is_refused_wherever_it_stands",
        "security/test_bodies.py::test_what_means_nothing_is_refused_or_means_no_harm",
        "security/test_bodies.py::test_parameters_of_anything",
        "api/test_errors.py::test_bodies",
        "api/test_raw_requests.py::test_what_is_no_text_is_refused_as_that",
        "api/test_schema.py::test_conformance",
    ),
    "no SQL is built from input": (
        "security/test_sql.py::test_queries_are_put_together_as_modules_load",
        "security/test_sql.py::test_elsewhere_none_is_put_together",
        "api/test_security.py::test_input_is_never_code",
    ),
    "webhooks go to the address that was judged, never a private one or a redirect; answers are capped": (
        "core/webhooks/test_targets.py::test_private_address",
        "core/webhooks/test_targets.py::test_private_address_within_another",
        "core/webhooks/test_sending.py::TestRefused::test_private_ones_of_a_names_addresses_are_left_out",
        "core/webhooks/test_sending.py::TestRefused::test_private_address",
        "core/webhooks/test_sending.py::TestRefused::test_what_is_judged_is_what_is_connected_to",
        "core/webhooks/test_sending.py::TestAllowed::test_redirect_is_not_followed",
        "core/webhooks/test_sending.py::TestAllowed::test_endless_answer_is_not_read",
        "core/webhooks/test_sending.py::TestAllowed::test_signed_by_both_secrets",
        "core/webhooks/test_targets.py::test_url_that_is_refused",
    ),
    "webhooks of the payment provider are taken signed, fresh and bounded, and each counts once": (
        "api/test_payment_webhooks.py::test_what_is_not_signed_is_refused",
        "api/test_payment_webhooks.py::test_what_is_signed_and_junk_is_refused",
        "api/test_payment_webhooks.py::test_bodies_are_bounded",
        "api/test_payment_webhooks.py::test_another_provider_is_not_there",
        "api/test_payment_webhooks.py::test_what_is_forged_is_counted",
        "api/test_payment_webhooks.py::test_pages_may_not_send_any",
        "core/payments/test_reporting.py::test_success_told_twice_counts_once",
        "core/payments/test_reporting.py::test_what_is_not_as_it_was_asked_goes_back",
    ),
    "what was paid is on the books, which are only added to": (
        "core/payments/test_ledger.py::test_it_is_only_added_to",
        "core/payments/test_ledger.py::test_payments_agree_with_it_at_commit",
    ),
    "rate limits go by key, and by the address behind a declared number of proxies": (
        "security/test_credentials.py::test_a_keys_own_allowance_takes_the_place_of_all_three",
        "security/test_credentials.py::test_whoever_tries_keys_out_uses_up_the_address_and_whoever_has_one_does_not",
        "api/test_limits.py::test_by_address_and_by_key",
        "api/test_limits.py::test_behind_one_proxy_its_word_counts_and_nobody_elses",
        "api/test_proxies.py::test_as_many_proxies_are_heard_as_are_declared",
        "api/test_clients.py::test_without_a_credential_it_is_the_address",
    ),
    "a forged X-Forwarded-For changes nothing": (
        "api/test_limits.py::test_forged_addresses_change_nothing",
        "api/test_security.py::test_forwarded_headers_change_nothing",
    ),
    "where the limiter's store is down, limits are local": (
        "api/test_limits.py::test_without_the_store_limits_are_local_not_none",
        "api/test_allowances.py::test_frozen_redis_costs_the_first_ones_a_moment_and_is_counted_in_again",
    ),
    "one client cannot hold a show": (
        "api/test_client_limit.py::test_batches_and_quantities_are_no_way_round_it",
        "core/settling/test_client_limit.py::test_it_is_exact_over_batches_and_clients_do_not_share_it",
        "core/settling/test_client_limit.py::test_taking_up_again_what_ran_out_is_no_way_round_it",
        "pipeline/test_hoarding.py::test_an_address_that_tries_everything",
        "api/test_bookings.py::test_customer_limit",
        "races/test_seats.py::test_customer_limit",
    ),
    "Flower runs with a password alone, on loopback unless told otherwise": (
        "tasks/test_flower.py::test_closed",
        "tasks/test_flower.py::test_nothing_is_done_without_it",
        "tasks/test_flower.py::test_weak_password_is_refused_in_production",
        "security/test_flower.py::test_it_listens_on_this_machine_alone",
        "pipeline/test_processes.py::test_flower_does_not_run_open",
        "deploy/test_compose.py::test_only_the_proxy_is_open_to_the_world",
    ),
    "Celery accepts JSON alone; a forged task can change nothing": (
        "security/test_forged_tasks.py::test_nothing_runs_and_nothing_changes",
        "tasks/test_garbage.py::test_garbage_in_queues_is_dropped",
        "tasks/test_messages.py::test_what_asks_for_more_than_a_task_is_none_of_ours",
    ),
    "production refuses to start on secrets that are missing, short or known to all": (
        "core/test_settings.py::TestSecretsInProduction::test_missing_key",
        "core/test_settings.py::TestSecretsInProduction::test_weak",
        "core/test_settings.py::TestSecretsInProduction::test_secret_that_hides_addresses",
        "core/test_settings.py::TestSecretsInProduction::test_one_for_two_is_refused",
        "deploy/test_compose.py::test_a_missing_secret_is_one_clear_line",
    ),
    "a credential is what somebody issued, and ends when it is taken back": (
        "security/test_credentials.py::test_what_nobody_issued_is_refused_on_every_route",
        "security/test_refused_credentials.py::test_every_refusal_is_told_of",
        "security/test_keys_in_processes.py::test_a_new_key_works_at_once_and_a_revoked_one_nowhere_after_five_seconds",
        "security/test_keys_in_processes.py::test_without_the_database_a_key_is_known_for_five_seconds",
        "core/keys/test_tables.py::test_a_text_is_in_no_representation",
    ),
    "a token is of its issuer, by its published keys and their algorithms": (
        "security/test_oidc.py::test_what_it_claims_must_be_right",
        "security/test_oidc.py::test_no_other_algorithm_is_taken",
        "security/test_oidc.py::test_a_public_key_is_no_secret_of_hs256",
        "security/test_oidc.py::test_a_signature_must_be_that_of_the_key",
        "security/test_oidc_principals.py::test_the_highest_role_counts",
        "security/test_signing_keys.py::test_a_withdrawn_key_ends_in_time",
        "security/test_signing_keys.py::test_keys_are_kept_while_the_issuer_is_down",
        "security/test_mad_issuers.py::test_a_mad_answer_is_none_and_changes_nothing",
    ),
    "every change under /admin and by command is in the audit log": (
        "api/test_audit_walk.py::test_each_route_that_changes_something_has_a_case",
        "api/test_audit_walk.py::test_a_change_leaves_one_entry",
    ),
    "an address is stored nowhere": ("pipeline/test_addresses.py::test_an_address_is_stored_nowhere",),
    "too much for the workers is refused before the database suffers": (
        "abuse/test_shedding.py::test_a_flood_of_one_show",
        "abuse/test_shedding.py::test_streams_of_one_client",
        "abuse/test_shedding.py::test_long_polls_of_one_client",
    ),
    "metrics and documentation can be closed": (
        "api/test_closed.py::TestMetrics::test_closed",
        "api/test_closed.py::TestDocumentation::test_not_there",
    ),
    "what is installed is what was locked": (
        "contracts/test_architecture.py::test_every_package_of_a_lock_has_its_hashes",
        "contracts/test_architecture.py::test_what_installs_a_lock_judges_the_hashes",
    ),
    "nosniff on every answer": (
        "security/test_answers.py::test_types_are_not_guessed",
        "api/test_security.py::test_headers_of_every_answer",
    ),
    "no-store on bookings": (
        "security/test_answers.py::test_only_what_is_the_same_for_all_is_stored",
        "api/test_bookings.py::test_bookings_are_never_stored_by_caches",
    ),
    "a content security policy on pages": (
        "security/test_answers.py::test_pages_run_nothing_from_elsewhere",
        "api/test_documentation.py::test_page_may_load_nothing_from_elsewhere",
        "api/test_web_pages.py::test_one_policy_serves_all_pages",
        "api/test_web_pages.py::test_stripe_is_let_in_where_it_takes_the_money",
    ),
    "files of pages, and nothing beside them": (
        "api/test_assets.py::test_nothing_else_is_there",
        "api/test_assets.py::test_no_link_leads_out_of_the_folder",
    ),
    "what pages have of others is as it was brought": (
        "local/test_vendor.py::test_make_check_fails_on_a_changed_byte",
        "local/test_vendor.py::test_the_lock_names_no_registry_and_a_hash_for_each_package",
    ),
    "other origins may call where they are listed": (
        "api/test_cors.py::test_no_other_may_and_caches_are_told_that_it_depends",
        "api/test_cors.py::test_nobody_may_read_what_is_not_public",
        "api/test_cors.py::test_never_with_credentials",
    ),
    "logs carry no secrets": (
        "security/test_canary.py::test_a_secret_that_is_told_fails_the_test",
        "local/test_run.py::test_a_bad_url_is_named_without_its_password",
        "core/test_settings.py::test_admin_key_is_not_in_what_is_printed",
    ),
    "logs carry no line breaks from input": (
        "security/test_log_lines.py::test_a_text_of_any_characters_stays_in_its_line",
        "security/test_log_lines.py::test_web_logs_no_line_of_its_clients",
    ),
}


@cache
def list_tests(file: str) -> set[str]:
    """The names of the tests in a file; of one in a class, with the class."""
    path = ROOT / "tests" / file
    found, body = set[str](), ast.parse(path.read_text()).body if path.exists() else []
    for node in body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
        elif isinstance(node, ast.FunctionDef):
            found.add(node.name)
    return {name for name in found if name.rpartition("::")[2].startswith("test_")}


@pytest.mark.parametrize(("item", "proofs"), PROOFS.items(), ids=PROOFS)
def test_each_item_has_its_tests(item: str, proofs: tuple[str, ...]) -> None:
    missing = [
        proof for proof in proofs if proof.partition("::")[2] not in list_tests(proof.partition("::")[0])
    ]
    assert proofs and missing == []


def test_each_test_of_this_folder_is_of_an_item() -> None:
    named = {proof.partition("::")[0] for proofs in PROOFS.values() for proof in proofs}
    files = {f"security/{path.name}" for path in (ROOT / "tests" / "security").glob("test_*.py")}
    assert files - named == {"security/test_list.py"}


def test_what_is_not_there_is_missed() -> None:
    assert "test_bounded" in list_tests("api/test_batch.py")
    assert "test_boundless" not in list_tests("api/test_batch.py")
    assert list_tests("api/test_nothing.py") == set()
