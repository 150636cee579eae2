"""Values and rules of sending SMS. Nothing here does I/O or imports another part of the bridge."""
