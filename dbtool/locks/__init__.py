"""What a statement locks and does, and what that means on a database in use. Pure."""
