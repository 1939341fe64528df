"""Notes over HTTP, kept in SQLite."""
