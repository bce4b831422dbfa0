"""The plain test suite; it mirrors the package. Real threads are gated on state, never on time."""
