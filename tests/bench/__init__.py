"""Tests of parkline: bench."""
