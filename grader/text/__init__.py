"""What several rooms do with text: cut it, compare it, read hosts, ids and replies. Pure."""
