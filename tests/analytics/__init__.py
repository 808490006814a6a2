"""Tests of parkline: analytics."""
