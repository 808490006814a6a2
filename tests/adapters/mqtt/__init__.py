"""Tests of the MQTT source."""
