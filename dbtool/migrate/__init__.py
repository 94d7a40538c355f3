"""revisions → clone → rehearse → gate → apply → ledger"""
