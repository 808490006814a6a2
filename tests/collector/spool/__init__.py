"""Tests of `collector.spool`."""
