"""Images on their way into a bulk run: loaded, inspected, converted."""
