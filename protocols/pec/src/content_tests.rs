//! Tests of content.rs.
