"""What the API answers with: one module of models per module of routes."""
