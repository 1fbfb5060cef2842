//! The norms that each act rests on, as links cite them. Dated values stand in the procedure's regimes; these are the articles.

use concerto_procedure::acts::{Act, Behalf, ConveningRequest, Notice, Sector};

/// What says by which way administrations tell each other something, and what is thereby received.
const BETWEEN_BODIES: &str = "D.Lgs. 82/2005 art. 47";

/// Citations for an act under a regime.
pub(crate) fn legal_basis(act: &Act, behalf: Option<&Behalf>, regime: &str) -> Vec<String> {
    let article = match act {
        Act::Notice(_) => "L. 241/1990 art. 14-bis c. 2",
        Act::CompetenceStatement(_) | Act::ParticipantAdded(_) => "L. 241/1990 art. 14 c. 2",
        Act::IntegrationRequest(_) => "L. 241/1990 art. 14-bis c. 2 lett. b",
        Act::Suspension(_) | Act::IntegrationDelivered(_) => "L. 241/1990 art. 2 c. 7",
        Act::SyncModeRequest(_) => "L. 241/1990 art. 14-bis c. 7",
        Act::Determination(_) => "L. 241/1990 art. 14-bis c. 3",
        Act::ImpliedAssent(_) => "L. 241/1990 art. 14-bis c. 4",
        Act::LateOrInvalidActNotice(_) => "L. 241/1990 art. 2 c. 8-bis",
        Act::PrescriptionConsultation(_) => "L. 241/1990 art. 14-bis c. 5",
        Act::FinalDetermination(_) => "L. 241/1990 art. 14-quater c. 1",
        Act::EfficacyStatement(_) => "L. 241/1990 art. 14-quater c. 3",
        Act::TermCorrection(_) | Act::TermDigest(_) => "L. 241/1990 art. 14-bis c. 2",
        Act::Closure(_) => "L. 241/1990 art. 2 c. 1",
        Act::ConveningRequest(_) => "L. 241/1990 art. 14-bis c. 2",
        Act::MeetingCall(_) => "L. 241/1990 art. 14-bis c. 6-7",
        Act::RepresentativeAppointment(_) => "L. 241/1990 art. 14-ter c. 3-5",
        Act::DissentToRepresentative(_) => "L. 241/1990 art. 14-ter c. 4",
        Act::MeetingMinutes(_) => "L. 241/1990 art. 14-ter",
        Act::RebuttalForwarded(_) => "L. 241/1990 art. 10-bis",
        Act::SilentGrantCertificate(_) => "D.Lgs. 259/2003 art. 44 c. 10, art. 49 c. 6",
        Act::TakenInCharge(_) | Act::ForkResolved(_) | Act::Sealed(_) | Act::RecordedExchange(_) => {
            BETWEEN_BODIES
        }
    };
    let mut basis = vec![article.to_owned()];
    basis.extend(of_sector(act).map(str::to_owned));
    let accelerated = regime.starts_with("R1") && matches!(act, Act::Notice(_) | Act::Determination(_));
    if accelerated {
        basis.push("DL 76/2020 art. 13".to_owned());
    }
    basis.extend(behalf.map(|_| BETWEEN_BODIES.to_owned()));
    basis
}

/// The law of the sector, where a notice names one.
fn of_sector(act: &Act) -> Option<&'static str> {
    let (Act::Notice(Notice { sector, .. }) | Act::ConveningRequest(ConveningRequest { sector, .. })) = act
    else {
        return None;
    };
    Some(match (*sector)? {
        Sector::EarthquakePermanent | Sector::EarthquakeRegional => "DL 189/2016 art. 16",
        Sector::ElectronicPlants => "D.Lgs. 259/2003 art. 44",
        Sector::ElectronicWorks => "D.Lgs. 259/2003 art. 49",
    })
}
