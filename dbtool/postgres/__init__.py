"""The floor: the only package that talks to a server or runs PostgreSQL's programs."""
