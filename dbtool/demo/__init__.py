"""The shop on two embedded servers: start → migrate → fill → refresh → compare."""
