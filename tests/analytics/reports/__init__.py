"""Tests of parkline: reports."""
