"""Snapshots and the ledger of debits behind one port."""
