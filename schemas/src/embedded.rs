//! The files of this crate as bytes of the program: every JSON Schema (JSON Schema 2020-12) and the glossary.
//!
//! Nothing is read from a disk or a network at run time. A test compares these tables with the folders.

/// One schema file.
#[derive(Debug, Clone, Copy)]
pub struct SchemaFile {
    /// Its path within this crate.
    pub file: &'static str,
    /// Its `$id`.
    pub urn: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// One type of message: its name, the schema of its payload and that of its body.
pub(crate) struct TypeRow {
    /// The name, as the payload's `type`.
    pub(crate) name: &'static str,
    /// The schema of the payload.
    pub(crate) schema: &'static str,
    /// The schema of the body; none where the type has no body.
    pub(crate) body: Option<&'static str>,
}

macro_rules! embedded {
    ($($urn:literal => $file:literal),* $(,)?) => {
        &[$(SchemaFile { file: $file, urn: $urn, text: include_str!(concat!("../", $file)) }),*]
    };
}

/// Every schema file.
pub(crate) const SCHEMAS: &[SchemaFile] = embedded! {
    "urn:concerto:schema:closure:1" => "messages/closure.schema.json",
    "urn:concerto:schema:common:1" => "messages/common.schema.json",
    "urn:concerto:schema:competence-statement:1" => "messages/competence-statement.schema.json",
    "urn:concerto:schema:convening-request:1" => "messages/convening-request.schema.json",
    "urn:concerto:schema:determination:1" => "messages/determination.schema.json",
    "urn:concerto:schema:dissent-to-representative:1" => "messages/dissent-to-representative.schema.json",
    "urn:concerto:schema:efficacy-statement:1" => "messages/efficacy-statement.schema.json",
    "urn:concerto:schema:final-determination:1" => "messages/final-determination.schema.json",
    "urn:concerto:schema:fork-resolved:1" => "messages/fork-resolved.schema.json",
    "urn:concerto:schema:implied-assent:1" => "messages/implied-assent.schema.json",
    "urn:concerto:schema:integration-delivered:1" => "messages/integration-delivered.schema.json",
    "urn:concerto:schema:integration-request:1" => "messages/integration-request.schema.json",
    "urn:concerto:schema:late-or-invalid-act-notice:1" => "messages/late-or-invalid-act-notice.schema.json",
    "urn:concerto:schema:link:1" => "messages/link.schema.json",
    "urn:concerto:schema:meeting-call:1" => "messages/meeting-call.schema.json",
    "urn:concerto:schema:meeting-minutes:1" => "messages/meeting-minutes.schema.json",
    "urn:concerto:schema:notice:1" => "messages/notice.schema.json",
    "urn:concerto:schema:participant-added:1" => "messages/participant-added.schema.json",
    "urn:concerto:schema:prescription-consultation:1" => "messages/prescription-consultation.schema.json",
    "urn:concerto:schema:rebuttal-forwarded:1" => "messages/rebuttal-forwarded.schema.json",
    "urn:concerto:schema:receipt:1" => "messages/receipt.schema.json",
    "urn:concerto:schema:recorded-exchange:1" => "messages/recorded-exchange.schema.json",
    "urn:concerto:schema:representative-appointment:1" => "messages/representative-appointment.schema.json",
    "urn:concerto:schema:sealed:1" => "messages/sealed.schema.json",
    "urn:concerto:schema:silent-grant-certificate:1" => "messages/silent-grant-certificate.schema.json",
    "urn:concerto:schema:suspension:1" => "messages/suspension.schema.json",
    "urn:concerto:schema:sync-mode-request:1" => "messages/sync-mode-request.schema.json",
    "urn:concerto:schema:taken-in-charge:1" => "messages/taken-in-charge.schema.json",
    "urn:concerto:schema:term-correction:1" => "messages/term-correction.schema.json",
    "urn:concerto:schema:term-digest:1" => "messages/term-digest.schema.json",
    "urn:concerto:schema:body:closure:1" => "bodies/closure.schema.json",
    "urn:concerto:schema:body:common:1" => "bodies/common.schema.json",
    "urn:concerto:schema:body:competence-statement:1" => "bodies/competence-statement.schema.json",
    "urn:concerto:schema:body:convening-request:1" => "bodies/convening-request.schema.json",
    "urn:concerto:schema:body:derivations:1" => "bodies/derivations.schema.json",
    "urn:concerto:schema:body:determination:1" => "bodies/determination.schema.json",
    "urn:concerto:schema:body:dissent-to-representative:1" => "bodies/dissent-to-representative.schema.json",
    "urn:concerto:schema:body:efficacy-statement:1" => "bodies/efficacy-statement.schema.json",
    "urn:concerto:schema:body:final-determination:1" => "bodies/final-determination.schema.json",
    "urn:concerto:schema:body:fork-resolved:1" => "bodies/fork-resolved.schema.json",
    "urn:concerto:schema:body:implied-assent:1" => "bodies/implied-assent.schema.json",
    "urn:concerto:schema:body:integration-delivered:1" => "bodies/integration-delivered.schema.json",
    "urn:concerto:schema:body:integration-request:1" => "bodies/integration-request.schema.json",
    "urn:concerto:schema:body:late-or-invalid-act-notice:1" => "bodies/late-or-invalid-act-notice.schema.json",
    "urn:concerto:schema:body:meeting-call:1" => "bodies/meeting-call.schema.json",
    "urn:concerto:schema:body:meeting-minutes:1" => "bodies/meeting-minutes.schema.json",
    "urn:concerto:schema:body:notice:1" => "bodies/notice.schema.json",
    "urn:concerto:schema:body:participant-added:1" => "bodies/participant-added.schema.json",
    "urn:concerto:schema:body:prescription-consultation:1" => "bodies/prescription-consultation.schema.json",
    "urn:concerto:schema:body:rebuttal-forwarded:1" => "bodies/rebuttal-forwarded.schema.json",
    "urn:concerto:schema:body:recorded-exchange:1" => "bodies/recorded-exchange.schema.json",
    "urn:concerto:schema:body:representative-appointment:1" => "bodies/representative-appointment.schema.json",
    "urn:concerto:schema:body:sealed:1" => "bodies/sealed.schema.json",
    "urn:concerto:schema:body:silent-grant-certificate:1" => "bodies/silent-grant-certificate.schema.json",
    "urn:concerto:schema:body:suspension:1" => "bodies/suspension.schema.json",
    "urn:concerto:schema:body:sync-mode-request:1" => "bodies/sync-mode-request.schema.json",
    "urn:concerto:schema:body:term-correction:1" => "bodies/term-correction.schema.json",
};

macro_rules! types {
    (@body $kebab:literal body) => {
        Some(concat!("urn:concerto:schema:body:", $kebab, ":1"))
    };
    (@body $kebab:literal bare) => {
        None
    };
    ($($name:literal $kebab:literal $body:tt),* $(,)?) => {
        &[$(TypeRow {
            name: $name,
            schema: concat!("urn:concerto:schema:", $kebab, ":1"),
            body: types!(@body $kebab $body),
        }),*]
    };
}

/// Every type of message, in alphabetical order.
pub(crate) const TYPES: &[TypeRow] = types! {
    "Closure" "closure" body,
    "CompetenceStatement" "competence-statement" body,
    "ConveningRequest" "convening-request" body,
    "Determination" "determination" body,
    "DissentToRepresentative" "dissent-to-representative" body,
    "EfficacyStatement" "efficacy-statement" body,
    "FinalDetermination" "final-determination" body,
    "ForkResolved" "fork-resolved" body,
    "ImpliedAssent" "implied-assent" body,
    "IntegrationDelivered" "integration-delivered" body,
    "IntegrationRequest" "integration-request" body,
    "LateOrInvalidActNotice" "late-or-invalid-act-notice" body,
    "MeetingCall" "meeting-call" body,
    "MeetingMinutes" "meeting-minutes" body,
    "Notice" "notice" body,
    "ParticipantAdded" "participant-added" body,
    "PrescriptionConsultation" "prescription-consultation" body,
    "RebuttalForwarded" "rebuttal-forwarded" body,
    "RecordedExchange" "recorded-exchange" body,
    "RepresentativeAppointment" "representative-appointment" body,
    "Sealed" "sealed" body,
    "SilentGrantCertificate" "silent-grant-certificate" body,
    "Suspension" "suspension" body,
    "SyncModeRequest" "sync-mode-request" body,
    "TakenInCharge" "taken-in-charge" bare,
    "TermCorrection" "term-correction" body,
    "TermDigest" "term-digest" bare,
};

/// The glossary.
pub(crate) const GLOSSARY: &str = include_str!("../glossary.toml");
