"""Tests of recorded files as a source."""
