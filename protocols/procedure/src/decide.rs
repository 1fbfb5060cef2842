//! Deciding: whether an act may be signed now. The only maker of [`Decided`].

use concerto_message::Writer;

use crate::acts::Act;
use crate::conference::Conference;
use crate::guards::check;
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
}

/// Proof that an act passed every guard at the given instant: what may be signed. Only [`decide`] makes it.
///
/// The link must carry that instant as its `issued_at`, because the guards ask it again when the act is folded.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    author: Writer,
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
    let Command::Write { author, act } = command;
    let mut checked = check(conference, &author, &act, now)?;
    if !checked.defects.is_empty() {
        return Err(checked.defects.swap_remove(0));
    }
    let regime = regime_to_name(conference, &act, now)?;
    Ok(Decided { author, act, regime, at: now, warnings: checked.warnings })
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
