"""Whether a candidate may replace its baseline: promote, hold or reject."""
