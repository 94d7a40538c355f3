"""dbtool: masked, verified staging refreshes for PostgreSQL."""

__version__ = "0.1.0"
