//! Developer programs: the checks of the house.
fn main() {}
