"""Fault detectors: one pure module per family, and the catalogue of them all."""
