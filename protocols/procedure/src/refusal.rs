//! Refusals: every way in which the law, or the record, says no, with its code, its norm and its words.
//!
//! A code is stable (`procedure.*`); the wording is not. A refusal at the author keeps an act from being signed; the same
//! refusal at another node makes the act an anomaly, kept and shown, without effect.

use concerto_message::{MessageId, Writer};
use jiff::civil::Date;
use serde::Serialize;

use crate::acts::{Question, TermKind};
use crate::language::Lang;
use crate::sayings::norms::*;
use crate::sayings::sayings;

pub use crate::warning::Warning;

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
            "la conferenza è già indetta (fase {round})", "the conference is already convened (round {round})";
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
            "l'atto riguarda la fase {given}, ma è in corso la fase {current}",
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
        ValueMissing { regime: String = "The regime.", value: String = "The value.", source_norm: String = "The norm that should give it." }
            => "value_missing", RECORD,
            "nel regime {regime} manca il valore {value} ({source_norm}): va verificato prima di procedere; lo fornisce un profilo locale firmato",
            "regime {regime} lacks the value {value} ({source_norm}): it must be settled first; a signed local profile supplies it";
        /// The *conferenza preliminare* is not covered.
        KindNotCovered => "kind_not_covered", "L. 241/1990 art. 14 c. 3",
            "la conferenza preliminare non è gestita: indire la decisoria, o una istruttoria",
            "the preliminary conference is not covered: convene the deciding one, or a fact-finding one";
        /// The conferences of the earthquake deliberate in session.
        SectorForm => "sector_form", EARTHQUAKE,
            "questa conferenza delibera in riunione: indirla decisoria e in forma simultanea",
            "this conference deliberates in session: convene it as deciding and simultaneous";
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
            "una nuova fase richiede le osservazioni dell'interessato registrate",
            "a new round needs the applicant's observations on record";
        /// A late act is admitted only where European law wants an express one, and it gives it.
        NoExpressAct { message: MessageId = "The act." } => "no_express_act", SILENCE,
            "l'atto {message} non contiene un provvedimento che il diritto dell'Unione vuole espresso: se tardivo non conta",
            "act {message} gives none for which European law wants an express act: if late it does not count";
        /// Observations after their days open no new round.
        ObservationsLate { due: Date = "The last day." } => "observations_late", REBUTTAL,
            "le osservazioni sono giunte dopo il {due}: la determinazione negativa resta ferma; resta possibile una nuova istanza",
            "the observations came after {due}: the negative determination stands; a new application remains possible";
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
            "{body} dissente: la conclusione è positiva solo dopo una riunione, secondo le posizioni prevalenti",
            "{body} dissents: only after a meeting, by the prevailing positions, is the conclusion positive";
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
            "la prescrizione {number} di {message} non è accolta: la conclusione è positiva solo dopo una riunione, secondo le posizioni prevalenti",
            "prescription {number} of {message} is not accepted: only after a meeting, by the prevailing positions, is the conclusion positive";
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
        /// Only the procedente writes for a body without a node.
        BehalfNotLead { author: Writer = "Who wrote it." } => "behalf_not_lead", BETWEEN_BODIES,
            "solo la procedente registra l'atto di chi non ha un nodo, non {author}: ognuno invia il proprio",
            "only the procedente records the act of a body without a node, not {author}: everybody sends its own";
        /// An act that no body writes.
        BehalfKind => "behalf_kind", CALLED,
            "per un'altra amministrazione si registrano solo atti che le spettano; quelli della procedente si scrivono in proprio",
            "only acts of a body are recorded for it; those of the procedente are written as its own";
        /// An act for a body rests on a recorded exchange.
        BehalfEvidenceUnknown { evidence: MessageId = "The message named." } => "behalf_evidence_unknown", BETWEEN_BODIES,
            "{evidence} non è una comunicazione già registrata in questa conferenza: registrarla con la posta originale (RecordedExchange), poi indicarla",
            "{evidence} is no exchange on record in this conference: record it with the original mail (RecordedExchange), then name it";
        /// The exchange named was not received from that body.
        BehalfEvidenceOfOther { evidence: MessageId = "The exchange named.", body: Writer = "The body." } => "behalf_evidence_of_other", BETWEEN_BODIES,
            "la comunicazione {evidence} non è stata ricevuta da {body}: indicare quella con cui l'atto è giunto",
            "exchange {evidence} was not received from {body}: name the one by which the act came";
        /// One exchange shows one act.
        BehalfEvidenceUsed { evidence: MessageId = "The exchange named.", act: MessageId = "The act it shows." } => "behalf_evidence_used", BETWEEN_BODIES,
            "dalla comunicazione {evidence} risulta già l'atto {act}; se ne contiene un altro, registrarla di nuovo",
            "exchange {evidence} shows act {act} already; if it holds another one, record it again";
        /// Whoever has a node in the case writes by itself, or by certified mail.
        BehalfHasNode { body: Writer = "The body." } => "behalf_has_node", CERTIFIED_MAIL,
            "{body} partecipa con il proprio nodo: chiederle l'atto dal nodo o per PEC, la cui data è certa",
            "{body} takes part with its own node: ask for the act from there, or by PEC, whose date is certain";
        /// What a body wrote before it was called answers no notice.
        BehalfBeforeCall { body: Writer = "The body.", called_on: Date = "The day on which it was called." } => "behalf_before_call", DETERMINATIONS,
            "la comunicazione precede la convocazione di {body} ({called_on}): chiederle un atto che risponda all'indizione",
            "the exchange precedes the call of {body} ({called_on}): ask it for an act that answers the notice";
        /// A fork is resolved by keeping one link and setting aside others.
        ForkContradictory => "fork_contradictory", RECORD,
            "il ramo tenuto è anche tra quelli scartati, o nessuno è scartato",
            "the link kept is also set aside, or none is set aside";
        /// An *istruttoria* examines: it concludes nothing, and silence in it means nothing.
        NoDecision => "no_decision", FACT_FINDING,
            "la conferenza istruttoria non decide e il silenzio non vi ha effetto: chiuderla, o indire la decisoria",
            "a fact-finding conference decides nothing and silence has no effect in it: close it, or convene the deciding one";
        /// Only an *istruttoria* ends because it has examined.
        GroundMisplaced => "ground_misplaced", FACT_FINDING,
            "solo l'istruttoria si chiude per esame compiuto: adottare la determinazione, o archiviare",
            "only a fact-finding conference ends by having examined: adopt the conclusion, or archive";
        /// The days of the silence stand still, or start anew, until the applicant has answered the one request.
        GrantIncomplete { asked: Date = "The day of the request." } => "grant_incomplete", PLANTS_44,
            "all'interessato sono state chieste integrazioni il {asked} e non risultano giunte: il silenzio non si compie; registrare quando sono giunte",
            "the applicant was asked for integrations on {asked} and none are on record: the silence is not complete; record when they came";
        /// The request or application is on record already.
        AlreadyRequested { message: MessageId = "The record." } => "already_requested", CONVENING,
            "la richiesta è già registrata ({message}): indire la conferenza", "the request is on record already ({message}): convene";
        /// The notice and the request on record count from different days.
        StartDiffers { recorded: Date = "The day on record." } => "start_differs", CONVENING,
            "la richiesta risulta ricevuta il {recorded}: indicare questa data", "the request was received on {recorded}: state that day";
        /// The notice and the request on record are of different sectors.
        SectorDiffers => "sector_differs", CONVENING,
            "la richiesta e l'indizione indicano discipline di settore diverse: indicare la stessa",
            "the request and the notice are of different sectors: state the same";
        /// A class of works belongs to art. 49 alone, and is due there.
        WorksClassMisplaced => "works_class_misplaced", WORKS_49,
            "la classe dei lavori si indica per le opere dell'art. 49, e solo per quelle",
            "the class of works is stated for the works of art. 49, and for those alone";
        /// A meeting in the past.
        MeetingDate { given: Date = "The day named.", from: Date = "The first day possible." } => "meeting_date", AFTERWARDS,
            "la riunione si convoca per un giorno dal {from} in poi, non per il {given}",
            "a meeting is called for {from} or later, not for {given}";
        /// All assents are unconditional: a meeting is not needed.
        MeetingNotNeeded => "meeting_not_needed", CONCLUSION,
            "gli assensi sono tutti senza condizioni: adottare la determinazione positiva",
            "every assent is unconditional: adopt the positive conclusion";
        /// Another way of meeting than the one of the regime.
        MeetingModeWrong { regime: String = "The regime." } => "meeting_mode_wrong", AFTERWARDS,
            "nel regime {regime} la riunione è nell'altra forma: telematica dopo le determinazioni (simultanea nel testo del 2016), simultanea su richiesta o se indetta così",
            "under regime {regime} the meeting has the other form: telematic after the determinations (simultaneous by the text of 2016), simultaneous on request or where so convened";
        /// A request granted after a determination term would give back days that have passed.
        GrantReopens { body: Writer = "The body.", until: Date = "The last day of its term." } => "grant_reopens", SYNCHRONOUS,
            "il termine perentorio di {body} è scaduto il {until} e non si riapre: convocare la riunione che segue le determinazioni",
            "the peremptory term of {body} ended on {until} and is not reopened: call the meeting that follows the determinations";
        /// The conference meets already.
        AlreadyMeets => "already_meets", SYNCHRONOUS,
            "la conferenza già si riunisce: fissare la prossima riunione senza indicare una richiesta",
            "the conference meets already: set the next session without naming a request";
        /// A telematic meeting is one.
        OneMeeting { held: MessageId = "Its minutes." } => "one_meeting", AFTERWARDS,
            "la riunione telematica è una sola ({held}): redigere la determinazione", "there is one telematic meeting ({held}): draft the conclusion";
        /// A session beyond the end of the works.
        AfterEndOfWorks { until: Date = "The last day." } => "after_end_of_works", WORKS,
            "i lavori si concludono entro il {until}: fissare un giorno prima, o chiuderli",
            "the works end by {until}: set an earlier day, or close them";
        /// The works are closed.
        WorksClosed => "works_closed", PREVAILING,
            "i lavori sono chiusi: resta da adottare la determinazione", "the works are closed: the conclusion is left to adopt";
        /// The works go on.
        WorksOpen => "works_open", PREVAILING,
            "i lavori non sono conclusi: tenere la riunione e chiuderli a verbale", "the works are not over: hold the session and close them in the minutes";
        /// Minutes of a meeting that nobody called, or whose call another has replaced.
        MeetingUnknown { message: MessageId = "The message named." } => "meeting_unknown", SYNCHRONOUS,
            "{message} non convoca questa riunione: indicare l'ultima convocazione, o l'indizione se non ve ne sono altre",
            "{message} does not call this meeting: name the last call, or the notice if there is none";
        /// Sessions are numbered.
        SessionNumber { expected: u16 = "The next number." } => "session_number", RECORD,
            "la prossima seduta è la n. {expected}", "the next session is number {expected}";
        /// A session opens on the day for which it was called, or later, and closes afterwards; nothing is recorded ahead.
        SessionInstants { called_for: Date = "The day for which it was called." } => "session_instants", RECORD,
            "la seduta si apre dal {called_for} in poi, si chiude dopo e non è futura", "a session opens on {called_for} or later, closes afterwards and is not ahead";
        /// A session either goes on another day or closes the works.
        SessionEnd => "session_end", PREVAILING,
            "la seduta è aggiornata a un altro giorno oppure chiude i lavori", "a session is adjourned to another day, or closes the works";
        /// An operative meeting takes no positions.
        OperativeMeeting => "operative_meeting", FACT_FINDING,
            "l'incontro operativo non raccoglie posizioni e non chiude i lavori: convocare la riunione della conferenza",
            "an operative meeting takes no positions and closes no works: call a session of the conference";
        /// An *istruttoria* takes no positions in session.
        NoPositions => "no_positions", FACT_FINDING,
            "l'istruttoria non raccoglie posizioni: i contributi stanno nel testo del verbale",
            "a fact-finding conference takes no positions: contributions stand in the text of the minutes";
        /// Only who is present speaks.
        NotPresent { body: Writer = "The body." } => "not_present", REPRESENTATIVE,
            "{body} non risulta presente alla seduta", "{body} is not among those present";
        /// One person for each body, one position for each body.
        TwiceInSession { body: Writer = "The body." } => "twice_in_session", REPRESENTATIVE,
            "{body} compare due volte nel verbale: un rappresentante e una posizione per ogni amministrazione",
            "{body} appears twice in the minutes: one representative and one position for each body";
        /// The administrations of the State speak with one voice.
        RepresentativeDivided { body: Writer = "The body that differs." } => "representative_divided", OF_STATE,
            "la posizione di {body} differisce da quella delle altre amministrazioni dello stesso rappresentante unico: il dissenso si comunica a questo",
            "the position of {body} differs from that of the others of the same single representative: a dissent is told to it";
        /// A body of the State does not speak beside its single representative.
        SpeaksThroughRepresentative { body: Writer = "The body.", appointment: MessageId = "The appointment." }
            => "speaks_through_representative", OF_STATE,
            "{body} si esprime in riunione col rappresentante unico ({appointment}); un dissenso qualificato si comunica a questo",
            "{body} speaks in session through the single representative ({appointment}); a qualified dissent is told to it";
        /// The assent of a silent body stands.
        AssentStands { body: Writer = "The body.", message: MessageId = "The note." } => "assent_stands", LATENESS,
            "l'assenso di {body} è già acquisito ({message}): quanto dice sta nel testo del verbale",
            "the assent of {body} is acquired already ({message}): what it says stands in the text of the minutes";
        /// The numbers of prescriptions run through the minutes.
        SessionNumbers => "session_numbers", CONTENT,
            "le prescrizioni sono numerate nell'intero verbale, senza ripetizioni", "prescriptions are numbered through the whole minutes, each once";
        /// An appointment that is not on record, or does not represent that body.
        AppointmentUnknown { message: MessageId = "The message named." } => "appointment_unknown", REPRESENTATIVE,
            "{message} non nomina un rappresentante di questa amministrazione", "{message} appoints no representative of this body";
        /// An appointment for nobody, or twice for one.
        AppointmentOfNobody => "appointment_of_nobody", REPRESENTATIVE,
            "la nomina indica ciascuna amministrazione rappresentata una volta", "an appointment names each body represented, once";
        /// Not a body of the State.
        NotOfState { body: Writer = "The body." } => "not_of_state", OF_STATE,
            "{body} non è un'amministrazione statale: nomina il proprio rappresentante", "{body} is no administration of the State: it appoints its own representative";
        /// Whoever appoints for others is recorded by the procedente; a body appoints for itself and what depends on it.
        AppointmentNotYours { author: Writer = "The author." } => "appointment_not_yours", "L. 241/1990 art. 14-ter c. 5",
            "{author} nomina per sé e per gli enti dipendenti; la nomina dello Stato la registra la procedente",
            "{author} appoints for itself and what depends on it; the State's appointment is recorded by the procedente";
        /// No single representative to whom a dissent could be told.
        NoStateRepresentative => "no_state_representative", OF_STATE,
            "nessun rappresentante unico si esprime per chi scrive, o la conferenza non si riunisce: esprimersi con la propria determinazione",
            "no single representative speaks for the author, or the conference does not meet: give a determination of one's own";
        /// Fewer than half of the members.
        NoQuorum { present: usize = "Members present.", members: usize = "Members." } => "no_quorum", EARTHQUAKE,
            "{present} presenti su {members} componenti: non è raggiunta la metà; aggiornare o riconvocare la seduta senza deliberare",
            "{present} of {members} members present: less than half; adjourn or call again without deliberating";
        /// The majority of those present is not in favour.
        MajorityAgainst { in_favour: usize = "In favour.", present: usize = "Present." } => "majority_against", EARTHQUAKE,
            "favorevoli {in_favour} su {present} presenti: la determinazione è negativa", "{in_favour} of {present} present are in favour: the conclusion is negative";
        /// The majority of those present is in favour.
        MajorityInFavour { in_favour: usize = "In favour.", present: usize = "Present." } => "majority_in_favour", EARTHQUAKE,
            "favorevoli {in_favour} su {present} presenti: la determinazione è positiva", "{in_favour} of {present} present are in favour: the conclusion is positive";
        /// In meetings that never took place silence is no assent, and nothing is weighed.
        NoSessionHeld => "no_session_held", PREVAILING,
            "nessuna seduta si è tenuta: il silenzio non vale assenso e le posizioni non si valutano; convocare e tenere la riunione",
            "no session was held: silence is no assent and no positions are weighed; call and hold the meeting";
        /// Silence towards an applicant grants only where a law says so.
        NoSilentGrant => "no_silent_grant", "L. 241/1990 art. 20 c. 4",
            "per questa istanza il silenzio non accoglie: occorre un provvedimento, o la conferenza",
            "silence does not grant this application: an act is needed, or the conference";
        /// Calling the conference stops the silence.
        SilenceStopped => "silence_stopped", WORKS_49,
            "la conferenza è indetta: il silenzio non si forma più, si conclude con la determinazione",
            "the conference is convened: silence grants no more, its conclusion decides";
        /// A dissent, a refusal or an act of European law blocks the silence.
        GrantBlocked { body: Writer = "Whose act blocks it." } => "grant_blocked", PLANTS_44,
            "il silenzio non si forma: risulta un dissenso, o si attende un atto espresso, di {body}",
            "silence does not grant: there is a dissent, or an express act is awaited, of {body}";
        /// The days of the silence run.
        GrantRunning { until: Date = "The last day." } => "grant_running", PLANTS_44,
            "il termine del silenzio scade il {until}: attestare dopo", "the days of the silence end on {until}: certify afterwards";
        /// The facts of the certificate are not those of the record.
        GrantFactsDiffer { due: Date = "The day by the record." } => "grant_facts_differ", RECORD,
            "il silenzio si compie il {due}", "the silence is complete on {due}";
        /// The application was granted by silence.
        AlreadyGranted { message: MessageId = "The certificate." } => "already_granted", PLANTS_44,
            "l'istanza è accolta per silenzio ({message})", "the application was granted by silence ({message})";
    }
}

impl std::error::Error for Refusal {}
