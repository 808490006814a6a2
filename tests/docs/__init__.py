"""Tests of parkline: what the documents show works."""
