"""Tests of parkline: adapters."""
