//! How many receipts one core classifies and verifies each second. The number is printed beside its target and asserts nothing: the machine
//! of a test may be busy. Asserted is that each receipt counts.

use concerto_conformance::pec::World;
use concerto_conformance::pec::message::{Draft, Facts};
use concerto_crypto_openssl::OpensslCms;
use concerto_pec::{Directory, PecType, examine};
use std::time::{Duration, Instant};

/// What one core should do.
const TARGET_EACH_SECOND: u32 = 300;

#[test]
fn receipts_that_count_are_counted_by_the_second() {
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
    let bytes = mails[0].len();
    println!(
        "{rate:.0} complete delivery receipts of {bytes} bytes each second on one core (target {TARGET_EACH_SECOND})"
    );
}
