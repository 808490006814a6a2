"""The demo: a machine played from a recording, and what parkline makes of it."""
