"""What is configured of fault detectors: which of them watch a signal or a machine, and their parameters."""
