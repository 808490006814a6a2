"""Tests of parkline: adapters/sparkplug."""
