//! Tests of mime.rs.
