//! Tests of header.rs.
