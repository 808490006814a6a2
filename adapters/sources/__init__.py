"""Where telemetry comes from: one folder per protocol, each keeping the promises of `contract`."""
