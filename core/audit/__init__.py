"""The audit log: who changed what, written in the change's own transaction."""
