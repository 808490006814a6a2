"""Tests of parkline: adapters, channels, mail."""
