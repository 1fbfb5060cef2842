//! Vectors, black-box suites and simulations.
