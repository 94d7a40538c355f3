"""The history in the project's files: read, digested, and written on."""
