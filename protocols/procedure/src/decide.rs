//! Deciding: whether an act may be signed now. The only maker of [`Decided`].

use concerto_message::Writer;

use crate::acts::{Act, Behalf};
use crate::conference::Conference;
use crate::guards::{check, check_for};
use crate::legal_time::LegalNow;
use crate::refusal::{Refusal, Warning};
use crate::regime::Regime;

/// What somebody wants to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Write an act on the author's own chain.
    Write {
        /// The author.
        author: Writer,
        /// The act.
        act: Act,
    },
    /// Write an act of a body without a node on the procedente's chain (RULES E.4).
    WriteFor {
        /// Who writes.
        author: Writer,
        /// For whom, and what shows it.
        behalf: Behalf,
        /// The act.
        act: Act,
    },
}

/// Proof that an act passed every guard at the given instant: what may be signed. Only [`decide`] makes it.
///
/// The link must carry that instant as its `issued_at`, because the guards ask it again when the act is folded.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    author: Writer,
    behalf: Option<Behalf>,
    act: Act,
    regime: String,
    at: LegalNow,
    warnings: Vec<Warning>,
}

impl Decided {
    /// Who writes.
    pub fn author(&self) -> &Writer {
        &self.author
    }
    /// The body for which it is written, where that is not the author.
    pub fn behalf(&self) -> Option<&Behalf> {
        self.behalf.as_ref()
    }
    /// The act.
    pub fn act(&self) -> &Act {
        &self.act
    }
    /// The regime that the link must name: the one fixed at the notice, or the one that a notice fixes.
    pub fn regime(&self) -> &str {
        &self.regime
    }
    /// The instant that the link must carry as `issued_at`.
    pub fn at(&self) -> LegalNow {
        self.at
    }
    /// What the author should know.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
    /// The act, for the link.
    pub fn into_act(self) -> Act {
        self.act
    }
}

/// Whether the command may be carried out now. The state is never changed here: the signed link changes it when it is folded.
pub fn decide(conference: &Conference, command: Command, now: LegalNow) -> Result<Decided, Refusal> {
    let (author, behalf, act, warnings) = match command {
        Command::Write { author, act } => {
            let mut checked = check(conference, &author, &act, now)?;
            if !checked.defects.is_empty() {
                return Err(checked.defects.swap_remove(0));
            }
            (author, None, act, checked.warnings)
        }
        Command::WriteFor { author, behalf, act } => {
            let checked = check_for(conference, &author, &behalf, &act)?;
            let mut warnings = checked.warnings;
            // what a body wrote is recorded as it is: a formal defect never turns a dissent into silence
            let body = &behalf.body;
            warnings.extend(
                checked
                    .defects
                    .iter()
                    .map(|lacks| Warning::BehalfDefective { body: body.clone(), lacks: lacks.code() }),
            );
            (author, Some(behalf), act, warnings)
        }
    };
    let regime = regime_to_name(conference, &act, now)?;
    Ok(Decided { author, behalf, act, regime, at: now, warnings })
}

fn regime_to_name(conference: &Conference, act: &Act, now: LegalNow) -> Result<String, Refusal> {
    let basis = match (act, conference.regime()) {
        (Act::Notice(notice), _) => notice.regime_basis_date,
        (_, Some(regime)) => return Ok(regime.to_owned()),
        (_, None) => now.date(),
    };
    let regime = Regime::on(basis).map_err(|unknown| Refusal::RegimeUnknown { on: unknown.on })?;
    Ok(regime.id.clone())
}
