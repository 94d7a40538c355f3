"""pg_catalog as frozen values: relations → constraints → Catalog."""
