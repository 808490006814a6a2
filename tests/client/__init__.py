"""What is made from the description of the API, and the tools that make it."""
