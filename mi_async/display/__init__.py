"""What a person watches while something runs."""
