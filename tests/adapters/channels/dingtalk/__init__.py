"""Tests of parkline: adapters, channels, dingtalk."""
