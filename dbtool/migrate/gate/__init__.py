"""rehearsal → evidence → approval"""
