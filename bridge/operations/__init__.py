"""The use cases, one a file: each takes an account and a checked request, and returns a domain value or raises CallError."""
