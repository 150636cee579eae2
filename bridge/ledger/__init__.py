"""Where packages are kept: SQLite or PostgreSQL."""
