//! Frames between nodes over libp2p.
