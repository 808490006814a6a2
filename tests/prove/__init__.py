"""Tests of parkline: prove."""
