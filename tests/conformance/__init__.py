"""Tests of parkline: conformance."""
