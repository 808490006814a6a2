"""Where alerts go: one folder per channel, each keeping the promises of `contract`."""
