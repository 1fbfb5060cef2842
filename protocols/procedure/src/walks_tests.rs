//! Random walks through plausible cases: each step is built from the state, so that suspensions, corrections, notes and conclusions do
//! happen. After every step what the law promises is asked again.
//!
//! Wrong programs these catch: a suspension, a correction or a resumption that takes away a day somebody counted on, an act that was
//! in time and becomes late, a note of silence that survives the body's own word.

use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;

use crate::acts::*;
use crate::calendar::add_days;
use crate::conference::{Conference, Evidence};
use crate::decide::{Command, decide};
use crate::evolve::{Event, evolve};
use crate::legal_time::LegalNow;
use crate::regime::Force;
use crate::term::Term;
use crate::terms::terms;
use crate::test_support::*;
use crate::timeliness::{Standing, Weight, standing_of, weight};

const BODIES: [&str; 4] = [COMUNE, PROVINCIA, SABAP, USR];

#[derive(Debug, Clone, Copy)]
enum Step {
    Wait { hours: u32 },
    Receive { body: usize, hours_ago: u32 },
    Determine { body: usize, conditional: bool },
    Witness { body: usize, hours_ago: u32 },
    Request { body: usize },
    Suspend { days: u16, days_ago: u8 },
    Integrate { days_ago: u8 },
    Correct { body: usize, days: i8 },
    Silence { body: usize },
    Find { body: usize, timely: bool },
    Conclude,
}

fn any_step() -> impl Strategy<Value = Step> {
    let body = || 0_usize..BODIES.len();
    prop_oneof![
        8 => (1_u32..240).prop_map(|hours| Step::Wait { hours }),
        8 => (body(), 0_u32..120).prop_map(|(body, hours_ago)| Step::Receive { body, hours_ago }),
        4 => (body(), any::<bool>()).prop_map(|(body, conditional)| Step::Determine { body, conditional }),
        2 => (body(), 0_u32..200).prop_map(|(body, hours_ago)| Step::Witness { body, hours_ago }),
        3 => body().prop_map(|body| Step::Request { body }),
        3 => (1_u16..31, 0_u8..6).prop_map(|(days, days_ago)| Step::Suspend { days, days_ago }),
        3 => (0_u8..20).prop_map(|days_ago| Step::Integrate { days_ago }),
        2 => (body(), -12_i8..12).prop_map(|(body, days)| Step::Correct { body, days }),
        4 => body().prop_map(|body| Step::Silence { body }),
        2 => (body(), any::<bool>()).prop_map(|(body, timely)| Step::Find { body, timely }),
        1 => Just(Step::Conclude),
    ]
}

struct Walk {
    conference: Conference,
    now: Timestamp,
    next: u32,
}

impl Walk {
    fn lead(&mut self, act: Act) {
        let command = Command::Write { author: writer(LEAD), act };
        if let Ok(decided) = decide(&self.conference, command, LegalNow(self.now)) {
            self.next += 1;
            let (message, regime) = (id(self.next), decided.regime().to_owned());
            evolve(
                &mut self.conference,
                &Event::Lead { message, issued_at: self.now, regime, act: decided.into_act() },
            );
        }
    }

    fn taken(&mut self, body: usize, act: Act) {
        self.next += 1;
        let evidence = Evidence::at(self.now);
        let (message, author) = (id(self.next), writer(BODIES[body]));
        evolve(&mut self.conference, &Event::Taken { message, author, issued_at: self.now, act, evidence });
    }

    fn ago(&self, hours: u32) -> Timestamp {
        Timestamp::from_second(self.now.as_second() - i64::from(hours) * 3600).unwrap()
    }

    fn today(&self) -> jiff::civil::Date {
        LegalNow(self.now).date()
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Wait { hours } => {
                self.now = Timestamp::from_second(self.now.as_second() + i64::from(hours) * 3600).unwrap();
            }
            Step::Receive { body, hours_ago } => {
                let (body, at) = (writer(BODIES[body]), self.ago(hours_ago));
                let message = self.conference.bodies()[&body].called_by;
                let receipt = concerto_message::Digest::of(at.to_string().as_bytes());
                evolve(&mut self.conference, &Event::Delivered { message, body, at, receipt });
            }
            Step::Determine { body, conditional } => {
                let given = if conditional { with(Position::ConditionalAssent, 1) } else { assent() };
                self.taken(body, Act::Determination(given));
            }
            Step::Witness { body, hours_ago } => {
                let witness = (writer(BODIES[(body + 1) % BODIES.len()]), self.ago(hours_ago));
                let author = writer(BODIES[body]);
                let last = self.conference.determinations_of(&author).last().map(|given| given.message);
                if let Some(message) = last {
                    evolve(&mut self.conference, &Event::MoreEvidence { message, others: vec![witness] });
                }
            }
            Step::Request { body } => self.taken(body, request()),
            Step::Suspend { days, days_ago } => {
                let requests = self.conference.integration_requests().first().map(|request| request.message);
                let on = add_days(self.today(), -i64::from(days_ago));
                self.lead(suspension(requests.into_iter().collect(), on, days));
            }
            Step::Integrate { days_ago } => self.integrate(days_ago),
            Step::Correct { body, days } => self.correct(body, days),
            Step::Silence { body } => {
                let note = self.conference.implied_assent_of(&writer(BODIES[body]), LegalNow(self.now));
                if let Ok(note) = note {
                    self.lead(Act::ImpliedAssent(note));
                }
            }
            Step::Find { body, timely } => {
                let finding = if timely { Finding::Timely } else { Finding::Late };
                let author = writer(BODIES[body]);
                let last = self.conference.determinations_of(&author).last().map(|given| given.message);
                if let Some(message) = last {
                    self.lead(Act::LateOrInvalidActNotice(LateOrInvalidActNotice {
                        message,
                        finding,
                        body: None,
                    }));
                }
            }
            Step::Conclude => {
                let positions = self.conference.position_lines();
                let conclusion = FinalDetermination {
                    outcome: Outcome::Positive,
                    round: 1,
                    positions,
                    prescriptions: Vec::new(),
                    judgements: Vec::new(),
                    efficacy: Efficacy::Immediate,
                };
                self.lead(Act::FinalDetermination(conclusion));
            }
        }
    }

    fn integrate(&mut self, days_ago: u8) {
        let Some(order) = self.conference.suspension().map(|suspension| suspension.message) else { return };
        let received_on = add_days(self.today(), -i64::from(days_ago));
        let dates = notice().dates;
        self.lead(Act::IntegrationDelivered(IntegrationDelivered { suspension: order, received_on, dates }));
    }

    fn correct(&mut self, body: usize, days: i8) {
        let body = Some(writer(BODIES[body]));
        let term = terms(&self.conference)
            .into_iter()
            .find(|term| term.kind == TermKind::Determination && term.body == body);
        if let Some(from) = term.map(|term| term.strict) {
            let to = add_days(from, i64::from(days));
            self.lead(Act::TermCorrection(TermCorrection { term: TermKind::Determination, body, from, to }));
        }
    }
}

fn peremptory(conference: &Conference) -> Vec<Term> {
    terms(conference)
        .into_iter()
        .filter(|term| term.body.is_some() && term.force == Force::Peremptory)
        .collect()
}

/// What one step may not do to the state before it.
fn kept_faith(before: &Conference, after: &Conference, step: Step) -> Result<(), TestCaseError> {
    // The end of a suspension replaces an assumed date; a correction may follow an earlier proof. Nothing else shortens.
    if !matches!(step, Step::Integrate { .. } | Step::Correct { .. }) {
        let later = peremptory(after);
        for old in peremptory(before) {
            let new = later.iter().find(|new| (new.kind, &new.body) == (old.kind, &old.body));
            let kept = new.is_some_and(|new| new.strict >= old.strict && new.prudential >= old.prudential);
            prop_assert!(kept, "{:?} {:?}", old, new);
        }
    }
    for (old, new) in before.determinations().zip(after.determinations()) {
        let lost = weight(before, old) == Weight::Counts && weight(after, new) == Weight::Late;
        let started = before.bodies()[&old.author].proof.is_none();
        let found = matches!(step, Step::Find { .. });
        prop_assert!(!lost || started || found, "an act that counted became late by {:?}", step);
    }
    Ok(())
}

fn sound(conference: &Conference, now: Timestamp) -> Result<(), TestCaseError> {
    prop_assert_eq!(
        conference.anomalies().iter().filter(|anomaly| anomaly.author == *conference.lead()).count(),
        0
    );
    let all = terms(conference);
    for (body, _) in conference.active_bodies() {
        if matches!(standing_of(conference, body), Some(Standing::Implied(_))) {
            let counts =
                conference.determinations_of(body).any(|given| weight(conference, given) == Weight::Counts);
            prop_assert!(!counts, "an implied assent against the body's own word");
            let mut own = all.iter().filter(|term| term.body.as_ref() == Some(body));
            let term = own.find(|term| term.kind == TermKind::Determination).unwrap();
            prop_assert!(term.expired_prudentially(LegalNow(now)), "silence before the end of the term");
        }
    }
    prop_assert!(all.iter().all(|term| term.strict <= term.prudential));
    Ok(())
}

fn effort() -> ProptestConfig {
    let full = std::env::var("CONCERTO_EFFORT").is_ok_and(|effort| effort == "full");
    ProptestConfig {
        cases: if full { 3000 } else { 100 },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(effort())]

    #[test]
    fn walks_keep_faith(steps in proptest::collection::vec(any_step(), 1..60), beyond in 0_i64..6) {
        let mut stated = notice();
        stated.dates.determination_until = add_days(date(2026, 12, 30), beyond);
        let mut case = Case::draft();
        case.lead("2026-11-30 09:00", Act::Notice(stated));
        let mut walk = Walk { conference: case.conference, now: instant("2026-11-30 10:00"), next: 100 };
        for step in steps {
            let before = walk.conference.clone();
            walk.step(step);
            kept_faith(&before, &walk.conference, step)?;
            sound(&walk.conference, walk.now)?;
        }
    }
}

#[test]
fn the_walks_reach_what_they_are_for() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = proptest::collection::vec(any_step(), 1..60);
    let (mut suspended, mut resumed, mut implied, mut corrected, mut undecided) = (0, 0, 0, 0, 0);
    for _ in 0..300 {
        let mut walk =
            Walk { conference: Case::convened().conference, now: instant("2026-11-30 10:00"), next: 100 };
        for step in strategy.new_tree(&mut runner).unwrap().current() {
            walk.step(step);
        }
        let conference = &walk.conference;
        suspended += usize::from(conference.suspension().is_some());
        resumed += usize::from(conference.suspension().is_some_and(|found| found.delivered.is_some()));
        implied += conference.implied_assents().count();
        corrected += conference.bodies().values().map(|body| body.corrected.len()).sum::<usize>();
        undecided += conference
            .determinations()
            .filter(|given| weight(conference, given) == Weight::Undecided)
            .count();
    }
    let reached = [suspended, resumed, implied, corrected, undecided];
    assert!(reached.iter().all(|times| *times > 0), "{reached:?}");
}
