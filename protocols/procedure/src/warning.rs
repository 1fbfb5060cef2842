//! Warnings: what an author should know before signing; nothing of it forbids the act.

use concerto_message::{MessageId, Writer};
use jiff::civil::Date;
use serde::Serialize;

use crate::acts::TermKind;
use crate::language::Lang;
use crate::sayings::norms::*;
use crate::sayings::sayings;

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
        /// The request takes the place of one recorded before.
        ReplacesRequest { message: MessageId = "The earlier one." } => "warn.replaces_request", CONVENING,
            "sostituisce la richiesta registrata prima ({message})", "replaces the request recorded before ({message})";
        /// Silence grants what was applied for: conditions set by a body are not part of it by themselves.
        ConditionsBesideGrant { body: Writer = "The body." } => "warn.conditions_beside_grant", PLANTS_44,
            "{body} ha assentito a condizioni: il silenzio non le riporta; richiamarle nell'attestazione e comunicarle all'interessato",
            "{body} assented under conditions: silence does not carry them; cite them in the certificate and tell the applicant";
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
            "{body} ha dissentito e il dissenso è superato: verificare se è qualificato",
            "{body} dissented and was overcome: check whether it is a qualified dissent";
        /// A counted determination lacks something.
        DeterminationDefective { message: MessageId = "The determination." } => "warn.determination_defective", CONTENT,
            "la determinazione {message} ha difetti formali", "determination {message} lacks requisites";
        /// The message named is not known here.
        AboutUnknown { message: MessageId = "The message." } => "warn.about_unknown", RECORD,
            "il messaggio {message} non risulta in questa conferenza", "message {message} is not known in this conference";
        /// The administrations of the State have no single representative although one is due.
        StateRepresentativeMissing { body: Writer = "A body without one." } => "warn.state_representative_missing", OF_STATE,
            "manca il rappresentante unico delle amministrazioni statali per {body}: chiederne la nomina",
            "the single representative of the State is missing for {body}: ask for the appointment";
        /// The works close without a body that was not there and is not shown to have been called.
        NotCalledToWorks { body: Writer = "The body." } => "warn.not_called_to_works", PREVAILING,
            "non risulta che {body} abbia ricevuto la convocazione: i lavori chiusi non la vincolano; acquisire la ricevuta, o convocare per essa un'altra seduta",
            "{body} is not shown to have received the call: the closing does not bind it; obtain the receipt, or call a further session for it";
        /// A session after its day.
        MeetingLate { until: Date = "The last day." } => "warn.meeting_late", SYNCHRONOUS,
            "la riunione andava tenuta entro il {until}", "the meeting was due by {until}";
        /// The certificate comes after its days: the applicant may declare the grant itself.
        CertificateLate { due: Date = "The last day." } => "warn.certificate_late", PLANTS_44,
            "l'attestazione andava rilasciata entro il {due}: l'interessato può già autodichiarare",
            "the certificate was due by {due}: the applicant may declare the grant already";
        /// A new round without forwarding the observations.
        ObservationsNotForwarded => "warn.observations_not_forwarded", CONCLUSION,
            "le osservazioni non risultano trasmesse alle altre amministrazioni", "the observations were not forwarded to the other bodies";
        /// In an *istruttoria* a determination is a contribution.
        ContributionOnly => "warn.contribution_only", FACT_FINDING,
            "nell'istruttoria la posizione vale come contributo e non impegna", "in a fact-finding conference a position is a contribution and binds nobody";
        /// Whoever was at no session had written before.
        AbsentAfterPosition { message: MessageId = "What it wrote." } => "warn.absent_after_position", AFTERWARDS,
            "l'amministrazione si era espressa per iscritto ({message}) e non ha partecipato: l'assenso si considera acquisito, motivare",
            "the body had expressed itself in writing ({message}) and took no part: its assent counts as acquired, give reasons";
        /// A position in session lacks something.
        PositionDefective { body: Writer = "The body." } => "warn.position_defective", CONTENT,
            "la posizione di {body} ha difetti formali", "the position of {body} lacks requisites";
        /// An act written for a body lacks something: it is kept as it came, and an official decides.
        BehalfDefective { body: Writer = "The body.", lacks: &'static str = "Code of what it lacks." } => "warn.behalf_defective", CONTENT,
            "l'atto di {body} non è completo ({lacks}): è registrato come è giunto e decide un funzionario",
            "the act of {body} is not complete ({lacks}): it is recorded as it came, and an official decides";
        /// Not by certified mail: whoever records answers for where it comes from.
        ProvenanceToEstablish { body: Writer = "The body." } => "warn.provenance_to_establish", BETWEEN_BODIES,
            "non è giunto per PEC: accertare che provenga da {body}; la data è quella registrata",
            "it did not come by PEC: establish that it comes from {body}; its date is the one recorded";
        /// Only certified mail proves when a body without a node had something.
        DeliveryNotCertified { body: Writer = "The body." } => "warn.delivery_not_certified", CERTIFIED_MAIL,
            "per {body} nessun termine decorre da questo invio: serve la ricevuta di avvenuta consegna della PEC",
            "no term of {body} starts by this: the delivery receipt of certified mail is needed";
        /// Something that the body wrote is on record, and no act was made of it.
        ExchangeWithoutAct { body: Writer = "The body.", message: MessageId = "The record." } => "warn.exchange_without_act", SILENCE,
            "{body} ha scritto ({message}) e non ne risulta un atto: valutare prima se si è espressa",
            "{body} wrote ({message}) and no act was made of it: consider first whether it expressed itself";
        /// A prior representative is replaced.
        ReplacesRepresentative { body: Writer = "The body." } => "warn.replaces_representative", REPRESENTATIVE,
            "{body} ha già un rappresentante: la nuova nomina lo sostituisce", "{body} has a representative already: the new appointment replaces it";
        /// A dissent told to the representative after the works is kept and has no effect.
        DissentLate => "warn.dissent_late", OF_STATE,
            "i lavori sono conclusi: il dissenso sarà conservato e non avrà effetto", "the works are over: the dissent will be kept and have no effect";
    }
}
