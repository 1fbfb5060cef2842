//! The node without input or output: what comes in, what is committed, what must be done.
