//! How many receipts one core classifies and verifies each second; the target is 300. The number is printed, and the floor holds in a build
//! without optimisation too.

use concerto_conformance::pec::World;
use concerto_conformance::pec::message::{Draft, Facts};
use concerto_crypto_openssl::OpensslCms;
use concerto_pec::{Directory, PecType, examine};
use std::time::{Duration, Instant};

const TARGET_EACH_SECOND: f64 = 300.0;

#[test]
fn one_core_verifies_at_least_300_receipts_each_second() {
    let world = World::get();
    let cms = OpensslCms::with_authorities(&world.authority.pem()).unwrap();
    let directory = Directory::parse(world.ldif().as_bytes()).unwrap();
    let mails: Vec<Vec<u8>> = (0..50)
        .map(|number| {
            let mut facts = Facts::ordinary();
            facts.message_id = Some(format!("conf-{number}@pec.regione.example"));
            Draft::of(PecType::Delivery, &facts).sign(&world.recipient_provider)
        })
        .collect();
    let (started, mut count) = (Instant::now(), 0_u32);
    while started.elapsed() < Duration::from_secs(2) {
        for mail in &mails {
            let mut examination = examine(mail, &cms, None).unwrap();
            examination.consult(&directory);
            assert!(examination.verified().is_some());
            count += 1;
        }
    }
    let rate = f64::from(count) / started.elapsed().as_secs_f64();
    println!("{rate:.0} complete delivery receipts of {} bytes each second on one core", mails[0].len());
    assert!(rate >= TARGET_EACH_SECOND, "{rate:.0}");
}
