"""Tests of what may be told of many."""
