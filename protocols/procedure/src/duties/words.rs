//! The words of duties in Italian and English, and the norm of each (RULES G.1, G.2).

use super::{Consequence, Duty, Nature, Standing, Task, Undated};
use crate::language::Lang;

/// Pairs of Italian and English.
type Words = (&'static str, &'static str);

fn in_language((it, en): Words, lang: Lang) -> &'static str {
    match lang {
        Lang::It => it,
        Lang::En => en,
    }
}

impl Task {
    /// The norm that asks for it, or allows it.
    pub fn norm(self) -> &'static str {
        match self {
            Self::Convene => "L. 241/1990 art. 14-bis c. 2",
            Self::ConveneAgain | Self::NotifyApplicant => "L. 241/1990 art. 10-bis, art. 14-bis c. 5",
            Self::ObtainReceipt => "D.Lgs. 82/2005 art. 47",
            Self::TakeInCharge | Self::ResolveFork => "L. 241/1990 art. 14-bis c. 3, art. 6",
            Self::OrderSuspension | Self::ForwardIntegrations => "L. 241/1990 art. 2 c. 7",
            Self::DecideDispute | Self::AnswerLateAct => "L. 241/1990 art. 2 c. 8-bis",
            Self::ConsiderRelease => "L. 241/1990 art. 14 c. 2",
            Self::RecordSilence | Self::ObtainExpressAct => "L. 241/1990 art. 14-bis c. 4",
            Self::HearOnPrescriptions | Self::AnswerHearing | Self::Conclude => {
                "L. 241/1990 art. 14-bis c. 5"
            }
            Self::ConveneMeeting => "L. 241/1990 art. 14-bis c. 6",
            Self::HoldSession => "L. 241/1990 art. 14-ter c. 1",
            Self::ObtainRepresentative => "L. 241/1990 art. 14-ter c. 4",
            Self::EndProcedure => "L. 241/1990 art. 2",
            Self::StateEfficacy => "L. 241/1990 art. 14-quater c. 3",
            Self::CorrectTerms => "L. 241/1990 art. 14-bis c. 2",
            Self::SettleValues => "L. 241/1990 art. 14-bis",
            Self::Determine => "L. 241/1990 art. 14-bis c. 3",
            Self::RequestIntegration => "L. 241/1990 art. 14-bis c. 2 lett. b",
            Self::Oppose => "L. 241/1990 art. 14-quinquies c. 1",
        }
    }

    /// What is to be done, for people.
    pub fn text(self, lang: Lang) -> &'static str {
        let words = match self {
            Self::Convene => ("indire la conferenza", "convene the conference"),
            Self::ConveneAgain => {
                ("indire la nuova conferenza dopo le osservazioni", "convene again after the observations")
            }
            Self::ObtainReceipt => ("ottenere la prova di ricezione", "obtain proof of receipt"),
            Self::TakeInCharge => ("prendere in carico gli atti ricevuti", "take received acts in charge"),
            Self::ResolveFork => ("risolvere una biforcazione", "resolve a fork"),
            Self::OrderSuspension => ("sospendere i termini", "suspend the terms"),
            Self::ForwardIntegrations => ("trasmettere le integrazioni", "forward the integrations"),
            Self::DecideDispute => ("decidere su un atto contestato", "decide on a disputed act"),
            Self::AnswerLateAct => ("segnalare un atto tardivo", "answer a late act"),
            Self::ConsiderRelease => {
                ("valutare una declaratoria di non competenza", "consider a competence statement")
            }
            Self::RecordSilence => ("prendere atto del silenzio", "take note of the silence"),
            Self::ObtainExpressAct => ("ottenere l'atto espresso", "obtain the express act"),
            Self::HearOnPrescriptions => ("sentire sulle prescrizioni", "hear on the prescriptions"),
            Self::ConveneMeeting => ("tenere la riunione, se necessaria", "hold the meeting, if needed"),
            Self::HoldSession => {
                ("tenere la seduta e redigerne il verbale", "hold the session and draw up its minutes")
            }
            Self::ObtainRepresentative => (
                "chiedere la nomina del rappresentante unico delle amministrazioni statali",
                "ask for the single representative of the administrations of the State",
            ),
            Self::Conclude => ("concludere la conferenza", "conclude the conference"),
            Self::EndProcedure => ("concludere il procedimento", "end the procedure"),
            Self::NotifyApplicant => (
                "comunicare la determinazione negativa all'interessato",
                "send the applicant the negative conclusion",
            ),
            Self::StateEfficacy => ("attestare l'efficacia", "state the efficacy"),
            Self::CorrectTerms => {
                ("chiarire i termini calcolati diversamente", "settle terms computed otherwise")
            }
            Self::SettleValues => {
                ("fornire un valore che manca ai dati di legge", "supply a value that the law's data lack")
            }
            Self::Determine => ("rendere la determinazione", "give the determination"),
            Self::RequestIntegration => ("chiedere integrazioni", "ask for integrations"),
            Self::AnswerHearing => {
                ("esprimersi sulle prescrizioni altrui", "answer the hearing on prescriptions")
            }
            Self::Oppose => ("proporre opposizione", "oppose the conclusion"),
        };
        in_language(words, lang)
    }
}

impl Nature {
    /// What it is called.
    pub fn text(self, lang: Lang) -> &'static str {
        let words = match self {
            Self::Duty => ("adempimento", "duty"),
            Self::Faculty => ("facoltà", "faculty"),
        };
        in_language(words, lang)
    }
}

impl Standing {
    /// How it stands, for people.
    pub fn text(self, lang: Lang) -> &'static str {
        let words = match self {
            Self::Overdue => ("scaduto", "overdue"),
            Self::BetweenReadings => ("scaduto secondo la lettura stretta", "past the strict date"),
            Self::Open => ("aperto", "open"),
            Self::Done => ("fatto", "done"),
            Self::Lapsed => ("decaduto", "lapsed"),
        };
        in_language(words, lang)
    }
}

impl Consequence {
    /// What follows when the date passes, for people.
    pub fn text(self, lang: Lang) -> &'static str {
        let words = match self {
            Self::ImpliedAssent => (
                "oltre il termine il silenzio vale assenso senza condizioni; un atto tardivo è inefficace",
                "beyond the term silence is assent without conditions; a late act has no effect",
            ),
            Self::NoAssentBySilence => (
                "il silenzio non vale assenso: il diritto europeo esige un atto espresso; un atto tardivo è inefficace",
                "silence is no assent: European law wants an express act; a late act has no effect",
            ),
            Self::OfficialDecides => (
                "l'atto è contestato e non ha effetto finché un funzionario della procedente non decide",
                "the act is disputed and has no effect until an official of the lead decides",
            ),
            Self::FacultyLost => ("oltre la data la facoltà si perde", "beyond the date the faculty is lost"),
            Self::Delay => (
                "il ritardo non invalida, ma ne risponde chi ne è responsabile e c'è il potere sostitutivo",
                "a delay invalidates nothing, but the one in charge answers for it and may be replaced",
            ),
            Self::TermsResume => {
                ("alla scadenza i termini riprendono da sé", "at its end the terms run again by themselves")
            }
            Self::NoTermRuns => (
                "senza la prova nessun termine decorre e nessun silenzio vale assenso",
                "without the proof no term runs and no silence is assent",
            ),
            Self::NoConclusion => (
                "finché manca, la conferenza non si può concludere",
                "until then the conference cannot be concluded",
            ),
            Self::NoEffectMeanwhile => {
                ("finché manca, quegli atti non hanno effetto", "until then those acts have no effect")
            }
            Self::NoEfficacy => {
                ("finché manca, l'efficacia non è attestata", "until then nothing attests the efficacy")
            }
            Self::LateStays => (
                "in ogni caso l'atto tardivo resta inefficace",
                "the late act stays without effect in either case",
            ),
            Self::DatesDiffer => {
                ("due nodi proseguono con date diverse", "two nodes go on with different dates")
            }
            Self::NothingComputed => {
                ("finché manca, nessuna data si può calcolare", "until then no date can be computed")
            }
        };
        in_language(words, lang)
    }

    /// The norm that says so; none where it is how nodes work (protocols/PROTOCOL.md).
    pub fn norm(self) -> Option<&'static str> {
        match self {
            Self::ImpliedAssent | Self::NoAssentBySilence => {
                Some("L. 241/1990 art. 14-bis c. 4, art. 2 c. 8-bis")
            }
            Self::OfficialDecides | Self::LateStays => Some("L. 241/1990 art. 2 c. 8-bis"),
            Self::FacultyLost | Self::NoConclusion => Some("L. 241/1990 art. 14-bis"),
            Self::Delay => Some("L. 241/1990 art. 2 c. 9, 9-bis"),
            Self::TermsResume => Some("L. 241/1990 art. 2 c. 7"),
            Self::NoTermRuns => Some("D.Lgs. 82/2005 art. 47"),
            Self::NoEfficacy => Some("L. 241/1990 art. 14-quater c. 3"),
            Self::NoEffectMeanwhile | Self::DatesDiffer | Self::NothingComputed => None,
        }
    }
}

impl Duty {
    /// Why it has no date, for people; none where it has one.
    pub fn undated_text(&self, lang: Lang) -> Option<String> {
        let undated = self.undated?;
        if let Some(missing) = &self.missing {
            let (regime, value, norm) = (&missing.regime, &missing.value, &missing.norm);
            return Some(match lang {
                Lang::It => format!(
                    "nel regime {regime} manca il valore {value} ({norm}): lo deve fornire un profilo locale firmato"
                ),
                Lang::En => format!(
                    "regime {regime} lacks the value {value} ({norm}): a signed local profile must supply it"
                ),
            });
        }
        let words = match undated {
            Undated::NoTerm => ("senza ritardo", "without delay"),
            Undated::NotStarted => ("il termine non decorre ancora", "the term does not run yet"),
            Undated::ValueMissing => ("manca un valore di legge", "a value of the law is missing"),
        };
        Some(in_language(words, lang).to_owned())
    }
}
