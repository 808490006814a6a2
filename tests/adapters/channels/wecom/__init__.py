"""Tests of parkline: adapters, channels, wecom."""
