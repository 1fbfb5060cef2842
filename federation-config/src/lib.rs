//! Federation and node configuration: types, checks and a commented default.
