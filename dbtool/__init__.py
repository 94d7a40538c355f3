"""dbtool: rehearsed migrations and masked staging refreshes for PostgreSQL."""

__version__ = "0.1.0"
