"""Tests of parkline: collector."""
