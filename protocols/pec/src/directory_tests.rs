//! Tests of directory.rs.
