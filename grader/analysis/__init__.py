"""What scorecards tell together: values made of values, without a word of how they are shown."""
