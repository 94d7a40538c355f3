"""The project's env.py, run in a guarded child that an overseer stands over."""
