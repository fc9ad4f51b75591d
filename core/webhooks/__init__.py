"""Webhooks: endpoints that are told of events, and what each has yet to be told."""
