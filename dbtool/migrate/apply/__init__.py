"""approval → attempts → the target, forward only"""
