"""One file a step. Steps that were released are never changed."""
