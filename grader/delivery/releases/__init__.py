"""What the platforms have deployed: listed, promoted, rolled back, measured."""
