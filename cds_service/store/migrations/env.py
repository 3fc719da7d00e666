"""What Alembic runs: on the connection it is given, in the transaction that is open there."""

from alembic import context

from cds_service.store.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # A database may be shared with other programs that use Alembic.
    version_table="iort_cds_version",
)
context.run_migrations()
