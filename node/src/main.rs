//! The concerto program.
fn main() {}
