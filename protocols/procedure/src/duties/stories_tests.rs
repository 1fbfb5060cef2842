//! Duties as a case lives: each appears when the act that causes it came, and goes with the act that does it.
//!
//! Wrong programs these catch: a duty with a date of its own making, a reminder of what was done, a duty hidden because its date is not
//! known, a prudential Saturday told as the last safe day, a kept agenda that outlives its day, words that let a late act count.

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;
use crate::acts::*;
use crate::evolve::Event;
use crate::guards::dates_after_integrations;
use crate::language::Lang;
use crate::terms::terms;
use crate::test_support::*;

const BODIES: [&str; 4] = [COMUNE, PROVINCIA, SABAP, USR];

fn of(case: &Case, who: &str, at: &str) -> Vec<Duty> {
    duties(&case.conference, &writer(who), now(at))
}

fn outstanding(case: &Case, who: &str, at: &str) -> Vec<Task> {
    of(case, who, at).into_iter().filter(|duty| duty.is_outstanding(now(at))).map(|duty| duty.task).collect()
}

fn found(case: &Case, who: &str, at: &str, task: Task) -> Duty {
    let all = of(case, who, at);
    all.iter().find(|duty| duty.task == task).cloned().unwrap_or_else(|| panic!("{task:?} among {all:?}"))
}

fn due(duty: &Duty) -> (Date, Date) {
    let due = duty.due.as_ref().expect("a date");
    (due.strict, due.prudential)
}

#[test]
fn dates_are_those_of_the_terms() {
    let case = Case::received();
    let at = "2026-12-01 10:00";
    let terms = terms(&case.conference);
    let everything = agenda(&case.conference, &writer(LEAD), now(at)).duties;
    assert!(everything.len() >= 9, "{everything:?}");
    for duty in everything.iter().filter(|duty| duty.due.is_some()) {
        let due = duty.due.as_ref().unwrap();
        let term = terms.iter().find(|term| Some(term.kind) == due.term && term.body == due.term_of).unwrap();
        assert_eq!((due.strict, due.prudential), (term.strict, term.prudential), "{duty:?}");
        assert_eq!((due.force, &due.norm), (term.force, &term.norm), "{duty:?}");
    }
    let determine = found(&case, COMUNE, at, Task::Determine);
    assert_eq!(due(&determine), (date(2026, 12, 30), date(2026, 12, 30)));
    assert_eq!(determine.since, Some(date(2026, 11, 30)));
    assert_eq!((determine.nature, determine.consequence), (Nature::Duty, Consequence::ImpliedAssent));
    assert_eq!(due(&found(&case, SABAP, at, Task::Determine)), (date(2027, 1, 14), date(2027, 1, 14)));
    let request = found(&case, COMUNE, at, Task::RequestIntegration);
    assert_eq!((request.nature, due(&request).0), (Nature::Faculty, date(2026, 12, 15)));
}

#[test]
fn without_proof_of_receipt_a_duty_stands_without_a_date() {
    let case = Case::convened();
    let at = "2026-12-01 10:00";
    let determine = found(&case, COMUNE, at, Task::Determine);
    assert_eq!((determine.due, determine.undated), (None, Some(Undated::NotStarted)));
    let obtain: Vec<_> = of(&case, LEAD, at).into_iter().filter(|d| d.task == Task::ObtainReceipt).collect();
    assert_eq!(obtain.len(), 4);
    assert!(obtain.iter().all(|duty| duty.since == Some(date(2026, 11, 30)) && duty.due.is_none()));
    let conclude = found(&case, LEAD, at, Task::Conclude);
    assert_eq!((conclude.ready, conclude.undated), (false, Some(Undated::NotStarted)));
    let mut case = case;
    case.delivered(COMUNE, "2026-11-30 10:00");
    let left = of(&case, LEAD, at).iter().filter(|duty| duty.task == Task::ObtainReceipt).count();
    assert_eq!(left, 3, "the proof does it");
}

#[test]
fn requests_and_the_suspension_come_and_go() {
    let mut case = Case::received();
    assert!(!outstanding(&case, LEAD, "2026-12-04 09:00").contains(&Task::OrderSuspension));
    let asked = case.taken(SABAP, "2026-12-04 10:00", request());
    let at = "2026-12-04 11:00";
    assert!(!outstanding(&case, SABAP, at).contains(&Task::RequestIntegration), "it asked");
    let order = found(&case, LEAD, at, Task::OrderSuspension);
    assert_eq!((order.nature, order.messages.clone()), (Nature::Faculty, vec![asked]));
    assert_eq!(due(&order).0, date(2026, 12, 30), "before the first term ends");
    let ordered = case.lead("2026-12-09 10:00", suspension(vec![asked], date(2026, 12, 9), 30));
    let at = "2026-12-10 10:00";
    assert!(!outstanding(&case, LEAD, at).contains(&Task::OrderSuspension), "there is one only");
    let forward = found(&case, LEAD, at, Task::ForwardIntegrations);
    assert_eq!((due(&forward).0, forward.since), (date(2027, 1, 8), Some(date(2026, 12, 9))));
    assert!(due(&found(&case, COMUNE, at, Task::Determine)).0 > date(2026, 12, 30), "its term moved");
    let received_on = date(2026, 12, 30);
    let dates = dates_after_integrations(&case.conference, received_on, now("2026-12-30 10:00")).unwrap();
    let delivery = IntegrationDelivered { suspension: ordered, received_on, dates };
    case.lead("2026-12-30 10:00", Act::IntegrationDelivered(delivery));
    assert!(!outstanding(&case, LEAD, "2026-12-30 11:00").contains(&Task::ForwardIntegrations));
    assert_eq!(due(&found(&case, COMUNE, "2026-12-30 11:00", Task::Determine)).0, date(2027, 1, 20));
}

#[test]
fn silence_late_acts_and_the_conclusion() {
    let mut case = Case::received();
    for body in [PROVINCIA, SABAP, USR] {
        case.determination(body, "2026-12-10 10:00", assent());
    }
    let done = found(&case, USR, "2026-12-11 10:00", Task::Determine);
    assert_eq!(
        (done.done_on, done.standing(now("2026-12-11 10:00"))),
        (Some(date(2026, 12, 10)), Standing::Done)
    );
    assert_eq!(outstanding(&case, USR, "2026-12-11 10:00"), [], "nothing to remind of");
    assert!(!outstanding(&case, LEAD, "2026-12-30 22:59").contains(&Task::RecordSilence));
    let late = case.determination(COMUNE, "2026-12-31 08:00", with(Position::Dissent, 1));
    let at = "2026-12-31 09:00";
    let missed = found(&case, COMUNE, at, Task::Determine);
    assert_eq!(missed.standing(now(at)), Standing::Overdue);
    assert_eq!(missed.done_on, None, "a late act does nothing");
    assert_eq!(missed.consequence, Consequence::ImpliedAssent);
    let answer = found(&case, LEAD, at, Task::AnswerLateAct);
    assert_eq!(
        (answer.messages, answer.consequence, answer.nature),
        (vec![late], Consequence::LateStays, Nature::Faculty)
    );
    let record = found(&case, LEAD, at, Task::RecordSilence);
    assert_eq!((record.body, record.since), (Some(writer(COMUNE)), Some(date(2026, 12, 31))));
    let conclude = found(&case, LEAD, at, Task::Conclude);
    assert_eq!((conclude.ready, due(&conclude)), (false, case.due(TermKind::FinalDetermination, None)));
    case.note_silence(COMUNE, at);
    let left = outstanding(&case, LEAD, at);
    assert!(!left.contains(&Task::RecordSilence) && !left.contains(&Task::AnswerLateAct), "{left:?}");
    assert!(found(&case, LEAD, at, Task::Conclude).ready);
    assert_eq!(of(&case, COMUNE, at), [], "what it could do is over");
    assert_eq!(
        found(&case, LEAD, "2027-01-12 10:00", Task::Conclude).standing(now("2027-01-12 10:00")),
        Standing::Overdue
    );
    let positive = case.conclusion(Outcome::Positive);
    let concluded = case.lead("2027-01-04 10:00", Act::FinalDetermination(positive));
    let at = "2027-01-04 11:00";
    assert_eq!(outstanding(&case, LEAD, at), [Task::StateEfficacy]);
    let since = date(2027, 1, 4);
    case.lead(
        at,
        Act::EfficacyStatement(EfficacyStatement {
            conclusion: concluded,
            efficacy: Efficacy::Immediate,
            since,
        }),
    );
    let ended = agenda(&case.conference, &writer(LEAD), now(at));
    assert_eq!((ended.duties, ended.holds_until), (vec![], None), "it ends for ever");
}

#[test]
fn between_the_readings_an_act_is_disputed_and_the_strict_day_leads() {
    let mut case = Case::draft();
    case.lead("2026-12-02 09:00", Act::Notice(notice_on(date(2026, 12, 2))));
    for body in BODIES {
        case.delivered(body, "2026-12-02 10:00");
    }
    // Strict: Saturday 2 January. Prudential: Monday 4 January.
    let determine = found(&case, COMUNE, "2026-12-03 10:00", Task::Determine);
    assert_eq!(due(&determine), (date(2027, 1, 2), date(2027, 1, 4)));
    let standing = |at: &str| found(&case, COMUNE, at, Task::Determine).standing(now(at));
    assert_eq!(standing("2027-01-02 22:59"), Standing::Open);
    assert_eq!(standing("2027-01-02 23:00"), Standing::BetweenReadings);
    assert_eq!(standing("2027-01-04 22:59"), Standing::BetweenReadings);
    assert_eq!(standing("2027-01-04 23:00"), Standing::Overdue);
    assert!(
        !outstanding(&case, LEAD, "2027-01-04 22:00").contains(&Task::RecordSilence),
        "not before Monday is over"
    );
    assert!(outstanding(&case, LEAD, "2027-01-04 23:00").contains(&Task::RecordSilence));
    let disputed = case.determination(PROVINCIA, "2027-01-02 23:00", assent());
    let at = "2027-01-03 10:00";
    assert_eq!(found(&case, LEAD, at, Task::DecideDispute).messages, [disputed]);
    let own = found(&case, PROVINCIA, at, Task::Determine);
    assert_eq!((own.done_on, own.consequence), (None, Consequence::OfficialDecides));
    let found_timely = LateOrInvalidActNotice { message: disputed, finding: Finding::Timely, body: None };
    case.lead(at, Act::LateOrInvalidActNotice(found_timely));
    assert!(!outstanding(&case, LEAD, at).contains(&Task::DecideDispute));
    assert_eq!(outstanding(&case, PROVINCIA, at), []);
}

#[test]
fn where_european_law_wants_an_express_act_silence_never_assents() {
    let mut notice = notice();
    notice.invited[0].acts[0].eu_express_act = Some("Dir. 92/43/CEE art. 6".to_owned());
    let mut case = Case::draft();
    case.lead("2026-11-30 09:00", Act::Notice(notice));
    for body in BODIES {
        case.delivered(body, "2026-11-30 10:00");
    }
    let at = "2026-12-31 10:00";
    assert_eq!(found(&case, COMUNE, at, Task::Determine).consequence, Consequence::NoAssentBySilence);
    let express = found(&case, LEAD, at, Task::ObtainExpressAct);
    assert_eq!(express.body, Some(writer(COMUNE)));
    let silent: Vec<_> = of(&case, LEAD, at).into_iter().filter(|d| d.task == Task::RecordSilence).collect();
    assert!(silent.iter().all(|duty| duty.body != Some(writer(COMUNE))), "{silent:?}");
}

#[test]
fn a_negative_conclusion_is_sent_and_may_open_a_new_round() {
    let mut case = Case::received();
    for body in BODIES {
        case.determination(body, "2026-12-10 10:00", with(Position::Dissent, 1));
    }
    let meeting = found(&case, LEAD, "2026-12-10 11:00", Task::ConveneMeeting);
    assert_eq!((meeting.nature, due(&meeting)), (Nature::Faculty, case.due(TermKind::Meeting, None)));
    let mut negative = case.conclusion(Outcome::Negative);
    negative.judgements = vec![Judgement { question: Question::DissentNotSuperable, answer: true }];
    let negative = case.lead("2026-12-11 10:00", Act::FinalDetermination(negative));
    assert_eq!(outstanding(&case, LEAD, "2026-12-11 11:00"), [Task::NotifyApplicant]);
    case.with_applicant("2026-12-11 12:00", Direction::Sent, negative);
    assert_eq!(outstanding(&case, LEAD, "2026-12-12 10:00"), []);
    let kept = agenda(&case.conference, &writer(LEAD), now("2026-12-12 10:00"));
    assert_eq!(kept.holds_until, Some(date(2026, 12, 21)), "until the applicant's days are over");
    case.with_applicant("2026-12-18 10:00", Direction::Received, negative);
    assert_eq!(outstanding(&case, LEAD, "2026-12-18 11:00"), [Task::ConveneAgain]);
}

#[test]
fn a_dissent_overcome_may_be_opposed_from_its_own_receipt() {
    let mut case = Case::received();
    for body in [COMUNE, PROVINCIA, USR] {
        case.determination(body, "2026-12-10 10:00", assent());
    }
    let given = case.determination(SABAP, "2026-12-10 10:00", with(Position::SurmountableDissent, 1));
    let at = "2026-12-10 10:30";
    assert_eq!(found(&case, LEAD, at, Task::HearOnPrescriptions).messages, [given]);
    let hearing = PrescriptionConsultation { determinations: vec![given], answer_until: date(2026, 12, 11) };
    case.lead("2026-12-10 11:00", Act::PrescriptionConsultation(hearing));
    assert_eq!(due(&found(&case, COMUNE, "2026-12-10 12:00", Task::AnswerHearing)).0, date(2026, 12, 11));
    assert!(!outstanding(&case, SABAP, "2026-12-10 12:00").contains(&Task::AnswerHearing), "its own words");
    assert!(!outstanding(&case, LEAD, "2026-12-10 12:00").contains(&Task::HearOnPrescriptions));
    let mut conclusion = case.conclusion(Outcome::PositiveWithPrescriptions);
    conclusion.judgements = vec![Judgement { question: Question::PrescriptionsAcceptable, answer: true }];
    conclusion.prescriptions = vec![PrescriptionOutcome { determination: given, number: 1, accepted: true }];
    conclusion.efficacy = Efficacy::Suspended;
    let conclusion = case.lead("2026-12-14 10:00", Act::FinalDetermination(conclusion));
    let at = "2026-12-14 11:00";
    assert_eq!(outstanding(&case, LEAD, at), [Task::ObtainReceipt]);
    assert_eq!(found(&case, SABAP, at, Task::Oppose).undated, Some(Undated::NotStarted));
    case.delivered_message(conclusion, SABAP, "2026-12-14 12:00");
    let oppose = found(&case, SABAP, "2026-12-15 10:00", Task::Oppose);
    assert_eq!(due(&oppose), (date(2026, 12, 24), date(2026, 12, 24)));
    assert_eq!(outstanding(&case, LEAD, "2026-12-24 10:00"), []);
    // 25 and 26 December are holidays of no account: the term is over.
    assert_eq!(outstanding(&case, LEAD, "2026-12-25 10:00"), [Task::StateEfficacy]);
    assert_eq!(outstanding(&case, SABAP, "2026-12-25 10:00"), [], "lapsed");
}

#[test]
fn a_draft_counts_from_the_application_and_says_which_value_is_missing() {
    let mut case = Case::draft();
    let exchange = RecordedExchange {
        party: Outside::Applicant,
        direction: Direction::Received,
        channel: Channel::Pec,
        at: instant("2026-11-25 10:00"),
        about: None,
    };
    let undated = found(&case, LEAD, "2026-11-25 09:00", Task::Convene);
    assert_eq!((undated.due, undated.undated), (None, Some(Undated::NotStarted)));
    case.lead("2026-11-25 11:00", Act::RecordedExchange(exchange));
    let convene = found(&case, LEAD, "2026-11-26 10:00", Task::Convene);
    assert_eq!((due(&convene).0, convene.missing), (date(2026, 12, 2), None), "five working days");
    // From 2027 regime R2 holds, of which the sources leave values open.
    let later = found(&case, LEAD, "2027-01-11 10:00", Task::Convene);
    let missing = later.missing.clone().expect("a value is open");
    assert_eq!(missing.regime, "R2");
    assert_eq!(later.standing(now("2027-01-11 10:00")), Standing::Overdue, "and hidden it is not");
}

#[test]
fn a_notice_that_the_data_cannot_carry_is_a_duty_with_the_missing_value() {
    let mut case = Case::draft();
    let mut notice = notice();
    notice.regime_basis_date = date(2027, 1, 11);
    notice.started_on = date(2027, 1, 8);
    let event = Event::Lead {
        message: id(77),
        issued_at: instant("2027-01-11 10:00"),
        regime: "R2".to_owned(),
        act: Act::Notice(notice),
    };
    case.push(event);
    let settle = found(&case, COMUNE, "2027-01-11 11:00", Task::SettleValues);
    assert_eq!((settle.messages.clone(), settle.undated), (vec![id(77)], Some(Undated::ValueMissing)));
    let text = settle.undated_text(Lang::It).unwrap();
    assert!(text.contains("R2") && text.contains("profilo locale"), "{text}");
}

#[test]
fn terms_computed_otherwise_are_settled() {
    let mut case = Case::received();
    let theirs =
        TermDigest { lead_head: id(1), digest: concerto_message::Digest::of(b"others"), terms: Vec::new() };
    case.taken(COMUNE, "2026-12-01 10:00", Act::TermDigest(theirs));
    let at = "2026-12-01 11:00";
    assert_eq!(found(&case, LEAD, at, Task::CorrectTerms).body, Some(writer(COMUNE)));
    let mine = crate::term::terms_digest(&terms(&case.conference));
    let agreed = TermDigest { lead_head: id(1), digest: mine, terms: Vec::new() };
    case.taken(COMUNE, "2026-12-01 12:00", Act::TermDigest(agreed));
    assert!(!outstanding(&case, LEAD, "2026-12-01 13:00").contains(&Task::CorrectTerms));
}

#[test]
fn no_words_let_a_late_act_count() {
    for lang in [Lang::It, Lang::En] {
        for consequence in
            [Consequence::ImpliedAssent, Consequence::NoAssentBySilence, Consequence::LateStays]
        {
            let text = consequence.text(lang);
            assert!(
                text.contains("inefficace") || text.contains("no effect") || text.contains("without effect"),
                "{text}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var("CONCERTO_EFFORT").is_ok_and(|e| e == "full") { 512 } else { 48 }))]

    /// What is kept of an agenda is what would be computed anew, on every day for which it is said to hold, and one further message aside.
    #[test]
    fn a_kept_agenda_is_the_fresh_one_until_its_last_day(
        answers in proptest::collection::vec((0_usize..4, 0_i64..70, 0_u8..4), 0..6),
        suspended in proptest::option::of(1_i64..12),
        from in 0_i64..80,
    ) {
        let mut case = Case::received();
        let last = answers.iter().map(|(_, offset, _)| *offset).chain(suspended).max().unwrap_or(1);
        let day = |offset: i64| format!("{} 10:00", crate::calendar::add_days(date(2026, 11, 30), offset));
        if let Some(offset) = suspended {
            let asked = case.taken(SABAP, &day(1), request());
            case.lead(&day(offset), suspension(vec![asked], crate::calendar::add_days(date(2026, 11, 30), offset), 30));
        }
        for (body, offset, how) in answers {
            let given = [assent(), with(Position::ConditionalAssent, 1), with(Position::Dissent, 1), assent()];
            case.determination(BODIES[body], &day(offset), given[usize::from(how)].clone());
        }
        let me = writer(LEAD);
        let from = from.max(last); // an agenda is asked of the present
        let kept = agenda(&case.conference, &me, now(&day(from)));
        for later in from..from + 90 {
            let at = now(&day(later));
            if kept.holds_until.is_some_and(|last| at.date() > last) {
                break;
            }
            let fresh = agenda(&case.conference, &me, at);
            prop_assert_eq!(&fresh.duties, &kept.duties, "on {}", at.date());
        }
    }
}
