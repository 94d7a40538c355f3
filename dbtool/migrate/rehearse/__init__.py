"""run on the clone → trace → judge"""
