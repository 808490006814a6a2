"""Tests of parkline: adapters, channels, webhook."""
