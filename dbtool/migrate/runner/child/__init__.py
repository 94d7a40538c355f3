"""The guarded host of a project's env.py: runs under the project's own interpreter, with the standard library, Alembic
and SQLAlchemy (1.4 or newer) alone.

The parent starts ``python <this folder>`` (``__main__``), which loads this folder as the package ``_dbtool_child``, so
that nothing here hides a module of the project's. No module here may import dbtool; they import each other relatively,
and are written for Python 3.9 and newer.

The conversation is lines of JSON over one socket. The parent's first line is the job; every line of ours is an event.
To ``statement_begins`` and ``revision_ends`` the parent answers with a line.
"""
