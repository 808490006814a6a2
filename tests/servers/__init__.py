"""Tests of parkline: servers."""
