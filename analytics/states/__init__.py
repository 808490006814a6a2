"""States: what a machine does, from a signal that says it or from signals that show it; one module per rule."""
