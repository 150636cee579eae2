"""Vendors: one file each, free of I/O. `contract` says what a vendor is, `registry` finds them by name."""
