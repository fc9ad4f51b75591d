"""The audit log is only added to, and found by its actors' ids as well."""

from alembic import op

from migrations.online import build_index

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("""
        CREATE OR REPLACE FUNCTION refuse_change_of_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the audit log is only added to' USING ERRCODE = 'insufficient_privilege';
        END $$
    """)
    # Of the statement: TRUNCATE is refused as well, and a DELETE that finds nothing.
    op.execute("""
        CREATE OR REPLACE TRIGGER audit_log_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_log()
    """)
    build_index("audit_log_by_actor_id", "audit_log (actor_id, id)")


def downgrade() -> None:
    op.drop_index("audit_log_by_actor_id", "audit_log")
    op.execute("DROP TRIGGER audit_log_only_grows ON audit_log")
    op.execute("DROP FUNCTION refuse_change_of_audit_log")
