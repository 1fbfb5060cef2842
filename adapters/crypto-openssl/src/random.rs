//! Random bits from OpenSSL's generator, which the operating system seeds.

use concerto_port::Random;

/// Random bits fit for keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpensslRandom;

impl Random for OpensslRandom {
    /// 128 random bits. If the generator fails the process is aborted: bits that somebody could guess would make two chains or
    /// two documents collide without anyone noticing, and a node that stops loses nothing that it acknowledged.
    fn nonce(&self) -> [u8; 16] {
        let mut bits = [0; 16];
        if openssl::rand::rand_bytes(&mut bits).is_err() {
            std::process::abort();
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn nonces_differ() {
        let drawn: HashSet<_> = (0..1000).map(|_| OpensslRandom.nonce()).collect();
        assert_eq!(drawn.len(), 1000);
    }
}
