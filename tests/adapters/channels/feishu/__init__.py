"""Tests of parkline: adapters, channels, feishu."""
