"""From a source to safety: configuration, admission, the spool, the drain, the records."""
