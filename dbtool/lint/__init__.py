"""What can be said of a revision without running it: statement checks, waivers. Pure, but for squawk's program."""
