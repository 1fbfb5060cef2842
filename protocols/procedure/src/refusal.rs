//! Refusals and warnings: every way in which the law, or the record, says no, with its code, its norm and its words.
//!
//! A code is stable (`procedure.*`); the wording is not. A refusal at the author keeps an act from being signed; the same
//! refusal at another node makes the act an anomaly, kept and shown, without effect.

use concerto_message::{MessageId, Writer};
use jiff::civil::Date;
use serde::Serialize;

use crate::acts::{Question, TermKind};
use crate::language::Lang;

/// Declares an enum of facts with, for each variant, a stable code, the norm and the words in both languages.
macro_rules! sayings {
    (
        $(#[$meta:meta])*
        $name:ident {
            $( $(#[$doc:meta])* $variant:ident $({ $( $field:ident : $type:ty = $about:literal ),+ $(,)? })?
               => $code:literal, $norm:expr, $it:literal, $en:literal; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum $name {
            $( $(#[$doc])* $variant $({ $( #[doc = $about] $field: $type ),+ })?, )+
        }

        impl $name {
            /// A stable code.
            pub fn code(&self) -> &'static str {
                match self { $( Self::$variant { .. } => concat!("procedure.", $code), )+ }
            }

            /// The norm that says so; none where it is the record itself that would contradict.
            pub fn norm(&self) -> Option<&'static str> {
                let norm: &'static str = match self { $( Self::$variant { .. } => $norm, )+ };
                (!norm.is_empty()).then_some(norm)
            }

            /// What it says, for people.
            pub fn text(&self, lang: Lang) -> String {
                match lang {
                    Lang::It => match self { $( Self::$variant $({ $($field),+ })? => { $( $( let _ = $field; )+ )? format!($it) } )+ },
                    Lang::En => match self { $( Self::$variant $({ $($field),+ })? => { $( $( let _ = $field; )+ )? format!($en) } )+ },
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.text(Lang::En))?;
                self.norm().map_or(Ok(()), |norm| write!(f, " ({norm})"))
            }
        }
    };
}

const CONVENING: &str = "L. 241/1990 art. 14-bis c. 2";
const CALLED: &str = "L. 241/1990 art. 14 c. 2";
const REQUESTS: &str = "L. 241/1990 art. 14-bis c. 2 lett. b";
const DETERMINATIONS: &str = "L. 241/1990 art. 14-bis c. 2 lett. c";
const CONTENT: &str = "L. 241/1990 art. 14-bis c. 3";
const SILENCE: &str = "L. 241/1990 art. 14-bis c. 4";
const CONCLUSION: &str = "L. 241/1990 art. 14-bis c. 5";
const SUSPENSION: &str = "L. 241/1990 art. 2 c. 7";
const LATENESS: &str = "L. 241/1990 art. 2 c. 8-bis";
const EFFICACY: &str = "L. 241/1990 art. 14-quater c. 3";
const REBUTTAL: &str = "L. 241/1990 art. 10-bis";
const COSTS: &str = "DL 76/2020 art. 13";
const RECORD: &str = "";

sayings! {
    /// Why an act may not be, or has no effect.
    Refusal {
        /// Only the procedente writes this kind of act.
        NotLead { author: Writer = "Who wrote it." } => "not_lead", CONVENING,
            "solo l'amministrazione procedente può compiere questo atto, non {author}",
            "only the procedente may do this, not {author}";
        /// Only a body that was called, or the procedente, writes in a conference.
        NotInvited { author: Writer = "Who wrote it." } => "not_invited", CALLED,
            "{author} non è tra le amministrazioni convocate", "{author} was not called to the conference";
        /// A released body has no part any more.
        BodyReleased { author: Writer = "Who wrote it." } => "body_released", CALLED,
            "{author} non partecipa più alla conferenza", "{author} takes part no more";
        /// Nothing happens before the notice.
        NotConvened => "not_convened", CONVENING,
            "la conferenza non è ancora indetta", "the conference has not been convened";
        /// One notice for each round.
        AlreadyConvened { round: u32 = "The current round." } => "already_convened", CONVENING,
            "la conferenza è già indetta (giro {round})", "the conference is already convened (round {round})";
        /// After the conclusion only its efficacy is left.
        AlreadyConcluded { conclusion: MessageId = "The conclusion." } => "already_concluded", "L. 241/1990 art. 14-quater",
            "la conferenza è già conclusa ({conclusion})", "the conference is already concluded ({conclusion})";
        /// The conference ended without a decision.
        AlreadyClosed => "already_closed", "L. 241/1990 art. 2",
            "la conferenza è chiusa senza decisione", "the conference was closed without a decision";
        /// The terms stand still.
        TermsSuspended { until: Date = "The last day of the suspension." } => "terms_suspended", SUSPENSION,
            "i termini sono sospesi fino al {until} al massimo", "the terms are suspended until {until} at most";
        /// An act of another round.
        WrongRound { given: u32 = "The round it names.", current: u32 = "The round that runs." } => "wrong_round", RECORD,
            "l'atto riguarda il giro {given}, ma è in corso il giro {current}",
            "the act is of round {given}, but round {current} is running";
        /// The regime is fixed at the notice.
        RegimeMismatch { given: String = "The regime named.", fixed: String = "The regime that holds." }
            => "regime_mismatch", CONVENING,
            "il regime è {fixed}, non {given}", "the regime is {fixed}, not {given}";
        /// The day by which the regime is chosen is that of the notice or of the application.
        RegimeBasis { given: Date = "The day named." } => "regime_basis", CONVENING,
            "il regime si sceglie dal giorno dell'indizione o dell'istanza, non dal {given}",
            "the regime follows the day of the notice or of the application, not {given}";
        /// No regime is known for the day.
        RegimeUnknown { on: Date = "The day." } => "regime_unknown", CONVENING,
            "nessun regime noto per il {on}", "no regime is known for {on}";
        /// The data of the law lack a value that a person must settle first.
        ValueMissing { regime: String = "The regime.", value: &'static str = "The value.", source_norm: String = "The norm that should give it." }
            => "value_missing", RECORD,
            "nel regime {regime} manca il valore {value} ({source_norm}): va verificato prima di procedere",
            "regime {regime} lacks the value {value} ({source_norm}): it must be settled first";
        /// Only the *conferenza decisoria* is covered.
        KindNotCovered => "kind_not_covered", CALLED,
            "solo la conferenza decisoria è gestita", "only the deciding conference is covered";
        /// Only the simplified form is covered.
        FormNotCovered => "form_not_covered", "L. 241/1990 art. 14-bis c. 1",
            "solo la forma semplificata asincrona è gestita", "only the simplified form is covered";
        /// A deciding conference needs two acts of assent at least.
        TooFewActs { acts: usize = "How many are asked." } => "too_few_acts", CALLED,
            "servono almeno due atti di assenso: ne sono chiesti {acts}", "two acts of assent are needed: {acts} asked";
        /// A body called twice.
        InvitedTwice { body: Writer = "The body." } => "invited_twice", CONVENING,
            "{body} è convocata due volte", "{body} is called twice";
        /// The procedente does not call itself.
        LeadInvited => "lead_invited", CALLED,
            "la procedente non convoca sé stessa", "the procedente does not call itself";
        /// A body called for nothing.
        NoActAsked { body: Writer = "The body." } => "no_act_asked", CALLED,
            "a {body} non è chiesto alcun atto", "nothing is asked of {body}";
        /// The same act asked twice of a body.
        ActAskedTwice { body: Writer = "The body.", act: String = "The act." } => "act_asked_twice", CONVENING,
            "a {body} è chiesto due volte {act}", "{act} is asked twice of {body}";
        /// The start lies in the future.
        StartInFuture { started_on: Date = "The day of the start." } => "start_in_future", CONVENING,
            "l'avvio è nel futuro: {started_on}", "the start lies in the future: {started_on}";
        /// A longer term needs its stated date.
        SensitiveDateMissing => "sensitive_date_missing", DETERMINATIONS,
            "manca la data per le amministrazioni preposte a interessi sensibili",
            "the date for bodies that guard sensitive interests is missing";
        /// The stated dates do not follow each other.
        DatesIncoherent { term: TermKind = "The term whose date comes too early.", stated: Date = "Its date.", after: Date = "The day it must follow." }
            => "dates_incoherent", CONVENING,
            "la data per {term} ({stated}) deve seguire il {after}", "the date for {term} ({stated}) must follow {after}";
        /// A new round follows the applicant's observations.
        ObservationsMissing => "observations_missing", REBUTTAL,
            "un nuovo giro richiede le osservazioni dell'interessato registrate",
            "a new round needs the applicant's observations on record";
        /// An act that changes nothing.
        NothingChanged => "nothing_changed", RECORD,
            "l'atto non cambia nulla", "the act changes nothing";
        /// A body that takes part already.
        AlreadyInvited { body: Writer = "The body." } => "already_invited", CONVENING,
            "{body} partecipa già", "{body} takes part already";
        /// A body that does not take part.
        BodyUnknown { body: Writer = "The body." } => "body_unknown", CALLED,
            "{body} non partecipa alla conferenza", "{body} does not take part";
        /// A body is released on its own statement only.
        StatementMissing { body: Writer = "The body." } => "statement_missing", CALLED,
            "manca la dichiarazione di non competenza di {body}", "{body} has not stated that it lacks competence";
        /// A message that was not taken in charge.
        MessageUnknown { message: MessageId = "The message." } => "message_unknown", RECORD,
            "il messaggio {message} non è stato preso in carico", "message {message} was not taken in charge";
        /// The terms are suspended once.
        SuspensionUsed { message: MessageId = "The suspension." } => "suspension_used", SUSPENSION,
            "i termini sono già stati sospesi una volta ({message})", "the terms were already suspended once ({message})";
        /// The suspension is too long, or nil.
        SuspensionLength { days: u16 = "The days asked.", most: u16 = "The most." } => "suspension_length", SUSPENSION,
            "la sospensione va da 1 a {most} giorni, non {days}", "a suspension lasts 1 to {most} days, not {days}";
        /// A suspension consolidates requests.
        RequestsMissing => "requests_missing", REQUESTS,
            "nessuna richiesta di integrazioni da accorpare", "no integration request to consolidate";
        /// A request after its term has no effect.
        RequestOutOfTerm { message: MessageId = "The request." } => "request_out_of_term", REQUESTS,
            "la richiesta {message} non è nel termine", "request {message} is not in its term";
        /// The suspension serves facts that no administration holds.
        NoFactsOfArt2C7 => "no_facts_of_art_2_c_7", SUSPENSION,
            "nessuna richiesta riguarda fatti, stati o qualità dell'art. 2 c. 7",
            "no request concerns facts, states or qualities of art. 2 c. 7";
        /// The suspension starts between the requests and today.
        SuspensionDate { given: Date = "The day named.", from: Date = "The first day possible.", until: Date = "The last day possible." }
            => "suspension_date", SUSPENSION,
            "la sospensione decorre da un giorno fra il {from} e il {until}, non dal {given}",
            "the suspension starts between {from} and {until}, not on {given}";
        /// Every term has passed.
        NothingToSuspend => "nothing_to_suspend", SUSPENSION,
            "nessun termine è ancora aperto", "no term is open any more";
        /// Nothing is suspended.
        NotSuspended => "not_suspended", SUSPENSION,
            "i termini non sono sospesi", "the terms are not suspended";
        /// Another suspension.
        OtherSuspension { given: MessageId = "The suspension named." } => "other_suspension", RECORD,
            "{given} non è la sospensione in corso", "{given} is not the suspension that runs";
        /// The integrations came between the suspension and today.
        DeliveryDate { given: Date = "The day named.", from: Date = "The first day possible.", until: Date = "The last day possible." }
            => "delivery_date", SUSPENSION,
            "le integrazioni sono giunte fra il {from} e il {until}, non il {given}",
            "the integrations came between {from} and {until}, not on {given}";
        /// A conditional assent, or a dissent that can be overcome, without conditions.
        PrescriptionsMissing => "prescriptions_missing", CONTENT,
            "mancano le prescrizioni o le modifiche necessarie all'assenso", "the prescriptions or changes are missing";
        /// A plain assent with conditions.
        PrescriptionsWithAssent => "prescriptions_with_assent", CONTENT,
            "un assenso senza condizioni non porta prescrizioni", "an unconditional assent carries no prescriptions";
        /// Prescriptions are numbered from 1, each number once.
        PrescriptionNumbers => "prescription_numbers", CONTENT,
            "le prescrizioni vanno numerate da 1, senza ripetizioni", "prescriptions are numbered from 1, each once";
        /// A prescription without its cost.
        CostMissing { number: u16 = "The prescription." } => "cost_missing", COSTS,
            "la prescrizione {number} non indica il costo", "prescription {number} does not say what it costs";
        /// A cost that is no amount in euro.
        CostMalformed { number: u16 = "The prescription." } => "cost_malformed", COSTS,
            "il costo della prescrizione {number} non è un importo in euro con due decimali",
            "the cost of prescription {number} is no amount in euro with two decimals";
        /// An act that was not asked.
        ActNotAsked { act: String = "The act." } => "act_not_asked", CONTENT,
            "l'atto {act} non è stato chiesto", "{act} was not asked";
        /// One position for everything that was asked.
        ActUnanswered { act: String = "The act." } => "act_unanswered", CONTENT,
            "la determinazione non si esprime su {act}", "the determination says nothing on {act}";
        /// No silence before the proof that the body had the notice.
        ReceiptUnproven { body: Writer = "The body." } => "receipt_unproven", SILENCE,
            "manca la prova che {body} abbia ricevuto l'indizione", "no proof that {body} received the notice";
        /// The term still runs under some reading.
        TermRunning { body: Writer = "The body.", until: Date = "The last day." } => "term_running", SILENCE,
            "il termine di {body} scade il {until}", "the term of {body} ends on {until}";
        /// European law wants an express act.
        EuExpressAct { body: Writer = "The body.", act: String = "The act." } => "eu_express_act", SILENCE,
            "per {act} di {body} il diritto europeo richiede un atto espresso",
            "European law asks for an express act: {act} of {body}";
        /// The body expressed itself.
        PositionHeld { body: Writer = "The body.", message: MessageId = "Its determination." } => "position_held", SILENCE,
            "{body} si è espressa ({message})", "{body} expressed itself ({message})";
        /// A disputed act awaits an official.
        DisputeOpen { message: MessageId = "The act." } => "dispute_open", LATENESS,
            "sulla tempestività di {message} deve prima decidere un funzionario",
            "an official must first decide whether {message} came in time";
        /// The ground of the implied assent is not what the record shows.
        GroundContradicted { body: Writer = "The body." } => "ground_contradicted", SILENCE,
            "il motivo indicato per {body} non risulta dagli atti", "the ground given for {body} is not what the record shows";
        /// The terms named are not those computed.
        TermFactsDiffer { strict: Date = "The strict date computed.", prudential: Date = "The prudential date computed." }
            => "term_facts_differ", SILENCE,
            "il termine calcolato è {strict} (prudenziale {prudential})",
            "the term as computed is {strict} (prudential {prudential})";
        /// The proof named is not the one that started the term.
        ProofDiffers => "proof_differs", SILENCE,
            "la prova di ricezione indicata non è quella che ha fatto decorrere il termine",
            "the proof named is not the one that started the term";
        /// Note was taken already.
        AlreadyImplied { message: MessageId = "The note." } => "already_implied", SILENCE,
            "la presa d'atto esiste già ({message})", "note was taken already ({message})";
        /// The finding contradicts the evidence.
        FindingContradicted { message: MessageId = "The act." } => "finding_contradicted", LATENESS,
            "l'esito contraddice le prove su {message}", "the finding contradicts the evidence on {message}";
        /// Only a determination has the requisites of art. 14-bis c. 3.
        FindingMisplaced { message: MessageId = "The act." } => "finding_misplaced", CONTENT,
            "{message} non è una determinazione", "{message} is no determination";
        /// A consultation without prescriptions.
        NothingToHear => "nothing_to_hear", CONCLUSION,
            "nessuna prescrizione su cui sentire le parti", "there are no prescriptions to be heard on";
        /// An answer asked for the past.
        AnswerDatePast { given: Date = "The day named." } => "answer_date_past", CONCLUSION,
            "la data per rispondere è passata: {given}", "the day for an answer has passed: {given}";
        /// Every body was released: there is nobody to conclude with.
        NobodyTakesPart => "nobody_takes_part", CALLED,
            "nessuna amministrazione partecipa più", "no body takes part any more";
        /// A body without a line.
        LineMissing { body: Writer = "The body." } => "line_missing", "L. 241/1990 art. 14-quater c. 1",
            "manca la posizione di {body}", "the position of {body} is missing";
        /// A body with two lines.
        LineTwice { body: Writer = "The body." } => "line_twice", "L. 241/1990 art. 14-quater c. 1",
            "la posizione di {body} compare due volte", "the position of {body} appears twice";
        /// A body that neither expressed itself nor may be taken to assent yet.
        PositionAwaited { body: Writer = "The body." } => "position_awaited", CONCLUSION,
            "{body} non si è espressa e non vi è presa d'atto del silenzio",
            "{body} did not express itself and no note was taken of its silence";
        /// The basis of a line does not count.
        BasisNotCounted { body: Writer = "The body.", basis: MessageId = "The basis named." } => "basis_not_counted", CONCLUSION,
            "{basis} non fonda la posizione di {body}", "{basis} does not carry the position of {body}";
        /// The position of a line is not that of its basis.
        PositionDiffers { body: Writer = "The body." } => "position_differs", CONCLUSION,
            "la posizione indicata per {body} non è quella espressa", "the position given for {body} is not the one it took";
        /// No positive conclusion without the express act that European law wants.
        EuExpressActMissing { body: Writer = "The body.", act: String = "The act." } => "eu_express_act_missing", SILENCE,
            "manca l'atto espresso {act} di {body}", "the express act {act} of {body} is missing";
        /// A positive conclusion where somebody did not assent without conditions.
        ConditionsStand { body: Writer = "The body." } => "conditions_stand", CONCLUSION,
            "l'assenso di {body} non è senza condizioni", "{body} did not assent without conditions";
        /// A positive conclusion against a dissent.
        DissentStands { body: Writer = "The body." } => "dissent_stands", CONCLUSION,
            "{body} dissente: senza riunione la conferenza non si conclude positivamente",
            "{body} dissents: without a meeting there is no positive conclusion";
        /// A conclusion with prescriptions where nobody prescribed.
        NothingPrescribed => "nothing_prescribed", CONCLUSION,
            "nessuna amministrazione ha posto prescrizioni", "nobody made prescriptions";
        /// A judgement that only a person can make is missing, or says no.
        JudgementMissing { question: Question = "The question." } => "judgement_missing", CONCLUSION,
            "manca il giudizio favorevole su {question}", "the judgement {question} is missing or says no";
        /// The same question answered twice.
        JudgementTwice { question: Question = "The question." } => "judgement_twice", CONCLUSION,
            "il giudizio su {question} compare due volte", "{question} is answered twice";
        /// The party and the other bodies were not heard on prescriptions.
        ConsultationMissing { message: MessageId = "The determination." } => "consultation_missing", CONCLUSION,
            "le parti non sono state sentite sulle prescrizioni di {message}",
            "nobody was heard on the prescriptions of {message}";
        /// A prescription whose fate is not said.
        OutcomeMissing { message: MessageId = "The determination.", number: u16 = "The prescription." } => "outcome_missing", CONCLUSION,
            "manca l'esito della prescrizione {number} di {message}", "what becomes of prescription {number} of {message} is not said";
        /// A prescription that nobody made, or named twice.
        OutcomeUnknown { message: MessageId = "The determination.", number: u16 = "The prescription." } => "outcome_unknown", CONCLUSION,
            "la prescrizione {number} di {message} non esiste o compare due volte",
            "prescription {number} of {message} does not exist or appears twice";
        /// A positive conclusion that leaves a prescription out.
        PrescriptionRejected { message: MessageId = "The determination.", number: u16 = "The prescription." } => "prescription_rejected", CONCLUSION,
            "la prescrizione {number} di {message} non è accolta: senza riunione non si conclude positivamente",
            "prescription {number} of {message} is not accepted: without a meeting there is no positive conclusion";
        /// A negative conclusion without a dissent.
        NoDissent => "no_dissent", CONCLUSION,
            "nessuna amministrazione ha espresso dissenso", "nobody dissented";
        /// Efficacy is immediate unless a qualified dissent stands, and suspended only then.
        EfficacyContradicted => "efficacy_contradicted", EFFICACY,
            "l'efficacia indicata contraddice le posizioni espresse", "the efficacy contradicts the positions taken";
        /// Nothing was concluded positively.
        NotConcluded => "not_concluded", EFFICACY,
            "non vi è una conclusione positiva", "there is no positive conclusion";
        /// Another conclusion.
        OtherConclusion { given: MessageId = "The conclusion named." } => "other_conclusion", RECORD,
            "{given} non è la determinazione conclusiva", "{given} is not the conclusion";
        /// Efficacy runs from the conclusion on and is not stated ahead.
        EfficacyDate { given: Date = "The day named.", from: Date = "The first day possible.", until: Date = "The last day possible." }
            => "efficacy_date", EFFICACY,
            "l'efficacia decorre da un giorno fra il {from} e il {until}, non dal {given}",
            "efficacy runs from a day between {from} and {until}, not from {given}";
        /// The opposition may still come.
        OppositionOpen { body: Writer = "Whose term runs, or whose receipt is unproven." } => "opposition_open", "L. 241/1990 art. 14-quinquies c. 1",
            "il termine per l'opposizione di {body} non è decorso", "the opposition of {body} may still come";
        /// A term that is not corrected by date.
        TermNotCorrectable { term: TermKind = "The term." } => "term_not_correctable", CONVENING,
            "la data per {term} non si rettifica", "the date for {term} is not corrected";
        /// A term that does not run.
        TermUnknown { term: TermKind = "The term." } => "term_unknown", CONVENING,
            "nessun termine in corso: {term}", "no such term runs: {term}";
        /// The date to be corrected is not the one that stands.
        CorrectionOutdated { stands: Date = "The date that stands." } => "correction_outdated", RECORD,
            "la data in vigore è {stands}", "the date that stands is {stands}";
        /// A correction takes away days that somebody could count on.
        CorrectionShortens { stands: Date = "The date that stands." } => "correction_shortens", CONVENING,
            "la rettifica abbrevia il termine, che scade il {stands}", "the correction shortens the term, which ends on {stands}";
        /// An instant in the future.
        InstantInFuture => "instant_in_future", RECORD,
            "la registrazione riguarda un istante futuro", "the record is of a future instant";
        /// A fork is resolved by keeping one link and setting aside others.
        ForkContradictory => "fork_contradictory", RECORD,
            "il ramo tenuto è anche tra quelli scartati, o nessuno è scartato",
            "the link kept is also set aside, or none is set aside";
    }
}

impl std::error::Error for Refusal {}

sayings! {
    /// What an author should know before signing; nothing of it forbids the act.
    Warning {
        /// The notice comes after its 5 working days.
        NoticeLate { due: Date = "The last day." } => "warn.notice_late", CONVENING,
            "l'indizione andava trasmessa entro il {due}", "the notice was due by {due}";
        /// The regime follows the day of the application: the reasons belong in the body.
        RegimeByApplication => "warn.regime_by_application", CONVENING,
            "il regime segue il giorno dell'istanza: motivare", "the regime follows the day of the application: give reasons";
        /// All acts are asked of one administration: art. 17-bis may be the way.
        OneAdministration => "warn.one_administration", "L. 241/1990 art. 17-bis",
            "tutti gli atti sono chiesti a una sola amministrazione: valutare l'art. 17-bis",
            "all acts are asked of one administration: consider art. 17-bis";
        /// A stated date is a holiday.
        StatedOnHoliday { term: TermKind = "The term.", stated: Date = "The date." } => "warn.stated_on_holiday", "c.p.c. art. 155 c. 4",
            "la data per {term} ({stated}) è festiva", "the date for {term} ({stated}) is a holiday";
        /// A stated date exceeds the maximum counted from today.
        StatedBeyondMaximum { term: TermKind = "The term.", stated: Date = "The date stated.", computed: Date = "The date of the law." }
            => "warn.stated_beyond_maximum", CONVENING,
            "la data per {term} ({stated}) supera il massimo calcolato da oggi ({computed})",
            "the date for {term} ({stated}) exceeds the maximum counted from today ({computed})";
        /// A stated date comes before the days that each body has: it will not bind.
        StatedTooEarly { term: TermKind = "The term.", stated: Date = "The date stated.", computed: Date = "The date of the law." }
            => "warn.stated_too_early", CONVENING,
            "la data per {term} ({stated}) precede quella di legge ({computed}) e non vincola",
            "the date for {term} ({stated}) precedes the law's ({computed}) and will not bind";
        /// The dates go beyond the final term of the procedure.
        ProcedureExceeded { until: Date = "The final term." } => "warn.procedure_exceeded", "L. 241/1990 art. 2",
            "le date superano il termine finale del procedimento ({until})", "the dates exceed the final term of the procedure ({until})";
        /// A body added without stated dates: its own days hold.
        AddedWithoutDates => "warn.added_without_dates", CONVENING,
            "nessuna data indicata per le amministrazioni aggiunte: valgono i giorni di legge",
            "no dates are stated for the bodies added: the law's days hold";
        /// The request comes after its term and will have no effect.
        RequestLate { until: Date = "The last day." } => "warn.request_late", REQUESTS,
            "il termine per le richieste è scaduto il {until}: la richiesta non avrà effetto",
            "the term for requests ended on {until}: this one will have no effect";
        /// The request does not concern art. 2 c. 7: it cannot carry a suspension.
        RequestOutsideArt2C7 => "warn.request_outside_art_2_c_7", SUSPENSION,
            "la richiesta non riguarda l'art. 2 c. 7: da sola non consente la sospensione",
            "the request does not concern art. 2 c. 7: alone it cannot carry a suspension";
        /// The determination comes after its term and will not count unless an official admits it.
        DeterminationLate { until: Date = "The last day." } => "warn.determination_late", LATENESS,
            "il termine è scaduto il {until}: la determinazione sarà conservata ma non conteggiata",
            "the term ended on {until}: the determination will be kept and not counted";
        /// The determination takes the place of an earlier one.
        ReplacesEarlier { message: MessageId = "The earlier one." } => "warn.replaces_earlier", CONTENT,
            "sostituisce la determinazione {message}", "replaces determination {message}";
        /// A dissent should say what would make assent possible.
        DissentWithoutChanges => "warn.dissent_without_changes", COSTS,
            "il dissenso dovrebbe indicare prescrizioni e misure che consentirebbero l'assenso",
            "a dissent should indicate prescriptions and measures that would make assent possible";
        /// The suspension was ordered for a past day.
        SuspensionBackdated => "warn.suspension_backdated", SUSPENSION,
            "la sospensione decorre da un giorno passato", "the suspension starts on a past day";
        /// The terms ran again before the integrations came.
        DeliveryAfterMaximum { resumed: Date = "The day they ran again." } => "warn.delivery_after_maximum", SUSPENSION,
            "i termini decorrono di nuovo dal {resumed}", "the terms run again since {resumed}";
        /// The procedente tells the others later than the integrations came.
        DeliveryToldLate => "warn.delivery_told_late", SUSPENSION,
            "le integrazioni sono giunte prima di oggi: i termini già decorrono",
            "the integrations came before today: the terms run already";
        /// A correction beyond the legal maximum makes acts between disputed.
        CorrectionBeyondMaximum { computed: Date = "The date of the law." } => "warn.correction_beyond_maximum", DETERMINATIONS,
            "oltre il {computed} il termine perentorio non si proroga: gli atti successivi saranno controversi",
            "a peremptory term is not extended beyond {computed}: later acts will be disputed";
        /// Nothing shows that the applicant was heard.
        ApplicantNotHeard => "warn.applicant_not_heard", CONCLUSION,
            "non risulta registrata la comunicazione all'interessato sulle prescrizioni",
            "no exchange with the applicant on the prescriptions is on record";
        /// Answers may still come.
        AnswersAwaited { until: Date = "The last day." } => "warn.answers_awaited", CONCLUSION,
            "le risposte sono attese fino al {until}", "answers are awaited until {until}";
        /// The conclusion comes after its 5 working days.
        ConclusionLate { due: Date = "The last day." } => "warn.conclusion_late", CONCLUSION,
            "la determinazione andava adottata entro il {due}", "the conclusion was due by {due}";
        /// A body that dissented may oppose: weigh the efficacy.
        EfficacyToWeigh { body: Writer = "The body." } => "warn.efficacy_to_weigh", EFFICACY,
            "{body} ha espresso un dissenso superabile: verificare se qualificato",
            "{body} expressed a dissent that was overcome: check whether it is a qualified one";
        /// A counted determination lacks something.
        DeterminationDefective { message: MessageId = "The determination." } => "warn.determination_defective", CONTENT,
            "la determinazione {message} ha difetti formali", "determination {message} lacks requisites";
        /// The message named is not known here.
        AboutUnknown { message: MessageId = "The message." } => "warn.about_unknown", RECORD,
            "il messaggio {message} non risulta in questa conferenza", "message {message} is not known in this conference";
        /// The observations came after their 10 days.
        ObservationsLate => "warn.observations_late", REBUTTAL,
            "le osservazioni sono giunte dopo il termine di 10 giorni", "the observations came after their term";
    }
}
