//! The content-addressed document store in a folder.
