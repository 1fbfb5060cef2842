//! Keys, certificates, signatures and their verification with OpenSSL.
