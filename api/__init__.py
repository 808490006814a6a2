"""What the park's platform, the page and people read."""
