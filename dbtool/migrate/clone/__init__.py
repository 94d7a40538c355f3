"""target → server → schema → rows: a disposable clone of the target."""
