"""Tests of the API's routes, one module each."""
