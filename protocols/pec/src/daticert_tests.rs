//! Tests of daticert.rs.
