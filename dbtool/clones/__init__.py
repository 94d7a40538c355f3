"""Disposable databases and the servers they live on; one provider per file."""
