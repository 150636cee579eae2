"""What the bridge counts of itself, and the page that shows it."""
