"""What the API answers to: one module per kind of thing asked for."""
