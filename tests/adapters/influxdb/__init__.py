"""Tests of adapters.stores.influxdb."""
