"""parse → call one pipeline → render → exit code."""
