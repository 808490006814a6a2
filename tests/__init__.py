"""Tests of parkline: tests."""
