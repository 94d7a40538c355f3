"""A pipeline's result value → text, Markdown, JSON."""
