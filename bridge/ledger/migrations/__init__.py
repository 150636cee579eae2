"""The schema's history, for Alembic. The same for SQLite and PostgreSQL."""
