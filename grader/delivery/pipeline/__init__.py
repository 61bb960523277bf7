"""Two releases, staging and production on one machine: built, gated, rolled out, rolled back."""
