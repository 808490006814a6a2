"""Tests of parkline: api."""
