//! The Concerto node: runtime and command line.
