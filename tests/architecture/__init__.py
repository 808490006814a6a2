"""Tests of parkline: architecture."""
