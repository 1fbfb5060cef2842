//! Tests of delivery.rs.
