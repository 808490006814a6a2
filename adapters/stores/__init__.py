"""Where samples and results rest: one folder per store, each keeping the promises of `contract`."""
