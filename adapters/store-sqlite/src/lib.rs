//! The journal of a node in one SQLite file.
