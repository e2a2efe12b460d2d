"""One module a kind of criterion: each says what is known of it and what would settle it."""
