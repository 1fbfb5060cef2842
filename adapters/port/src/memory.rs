//! The ports in memory, for simulations and tests.
