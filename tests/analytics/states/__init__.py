"""Tests of `analytics.states`."""
