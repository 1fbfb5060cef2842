//! Tests of xml.rs.
