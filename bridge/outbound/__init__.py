"""The only sender of HTTP: drives a vendor's exchanges through one of two engines."""
