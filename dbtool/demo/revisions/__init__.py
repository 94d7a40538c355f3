"""The shop's next revisions as the demo's files: first in haste, then with care. Alembic loads copies of them by path."""
