"""One mask per file; this is the explicit name → mask dict."""
