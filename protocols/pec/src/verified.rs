//! The proof that a mail counts, as a type (ARCHITECTURE.md, "Proof-carrying values").

use std::ops::Deref;

/// What a provider of the directory certified: the mail is top-level, its signature holds and leads to an authority, the signer is a
/// provider of the directory, and header and certification data agree. Only this crate makes one, in
/// [`crate::Examination::verified`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, giving up the proof.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
