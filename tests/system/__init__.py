"""Tests of parkline: system."""
