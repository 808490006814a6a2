"""Tests of adapters.stores.lake."""
