"""Tests of parkline: adapters, channels."""
