//! The delivery machine: outbox, inbox, receipts, retries and catch-up, without input or output of its own.
