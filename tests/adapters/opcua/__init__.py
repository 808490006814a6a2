"""Tests of the OPC UA source."""
