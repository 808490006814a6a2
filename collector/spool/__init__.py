"""The durable log between sources and everything else."""
