"""Tests of parkline: adapters, channels, mqtt."""
