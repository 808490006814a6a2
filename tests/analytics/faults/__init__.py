"""Tests of `analytics.faults`."""
