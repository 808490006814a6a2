"""Every foreign protocol, behind one contract per role."""
