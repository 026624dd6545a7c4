"""What several test files share: virtual time, a server that plays canned bytes, canned answers without a network."""
