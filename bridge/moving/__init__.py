"""Before a move: the old server beside the bridge, and what its clients really say. Not part of serving."""
