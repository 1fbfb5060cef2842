//! A mail server of a test: it does what a script says, right or wrong, over TLS with a certificate of its own authority.

use concerto_pec::Address;
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509Builder, X509NameBuilder};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::thread;
use tempfile::TempDir;

use crate::{Password, Security, Server, Settings};

pub(crate) const ADDRESS: &str = "protocollo@pec.regione.example";

/// One connection, as the script sees it.
pub(crate) struct Line {
    reader: Option<BufReader<Stream>>,
    config: Arc<ServerConfig>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buf),
            Self::Tls(stream) => stream.read(buf),
        }
    }
}

impl Line {
    fn reader(&mut self) -> &mut BufReader<Stream> {
        self.reader.as_mut().unwrap()
    }

    /// The next line, without its end; nothing where the client is gone.
    pub(crate) fn hear(&mut self) -> Option<String> {
        let mut line = Vec::new();
        self.reader().read_until(b'\n', &mut line).ok()?;
        let line = String::from_utf8_lossy(&line).into_owned();
        (!line.is_empty()).then(|| line.trim_end().to_owned())
    }

    /// Says something, as it is; the client may be gone.
    pub(crate) fn say(&mut self, text: &str) -> bool {
        let written = match self.reader().get_mut() {
            Stream::Plain(stream) => stream.write_all(text.as_bytes()).and_then(|()| stream.flush()),
            Stream::Tls(stream) => stream.write_all(text.as_bytes()).and_then(|()| stream.flush()),
        };
        written.is_ok()
    }

    /// Begins TLS.
    pub(crate) fn shake(&mut self) {
        let stream = self.reader.take().unwrap().into_inner();
        let Stream::Plain(stream) = stream else { panic!("TLS twice") };
        let connection = ServerConnection::new(Arc::clone(&self.config)).unwrap();
        let tls = StreamOwned::new(connection, stream);
        self.reader = Some(BufReader::new(Stream::Tls(Box::new(tls))));
    }
}

/// A server that runs its script for each connection, and the settings of its mailbox.
pub(crate) struct Scripted {
    pub(crate) settings: Settings,
    _folder: TempDir,
}

impl Scripted {
    pub(crate) fn new(security: Security, script: impl Fn(&mut Line) + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = certificate();
        let authorities = folder.path().join("ca.pem");
        std::fs::write(&authorities, certificate.to_pem().unwrap()).unwrap();
        let password = folder.path().join("password");
        std::fs::write(&password, "segreta\n").unwrap();
        std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = config(certificate.to_der().unwrap(), key.private_key_to_pkcs8().unwrap());
        let script = Arc::new(script);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (config, script) = (Arc::clone(&config), Arc::clone(&script));
                let mut line = Line { reader: Some(BufReader::new(Stream::Plain(stream.unwrap()))), config };
                thread::spawn(move || {
                    if security == Security::Tls {
                        line.shake();
                    }
                    script(&mut line);
                });
            }
        });
        let server = Server { host: "localhost".to_owned(), port, security, authorities };
        let settings = Settings {
            address: Address::parse(ADDRESS).unwrap(),
            user: ADDRESS.to_owned(),
            password: Password::File(password),
            imap: server.clone(),
            folder: "INBOX".to_owned(),
            submission: Some(server),
            mail_bytes_max: 1024 * 1024,
        };
        Self { settings, _folder: folder }
    }
}

fn config(certificate: Vec<u8>, key: Vec<u8>) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(certificate)],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key)),
        );
    Arc::new(config.unwrap())
}

fn certificate() -> (openssl::x509::X509, PKey<openssl::pkey::Private>) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "localhost").unwrap();
    let name = name.build();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    let host =
        SubjectAlternativeName::new().dns("localhost").build(&builder.x509v3_context(None, None)).unwrap();
    builder.append_extension(host).unwrap();
    builder.append_extension(BasicConstraints::new().build().unwrap()).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    (builder.build(), key)
}
