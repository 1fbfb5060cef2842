//! A mailbox in memory.

use concerto_pec::{MailId, OutgoingMail};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::mailbox::{Arrived, Content, Cursor, MailSender, MailSource, MailboxError, Reading, SubmitError};

/// What the server does with the next mail that is handed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NextSubmission {
    /// Takes it.
    #[default]
    Taken,
    /// Takes it, and the answer is lost.
    TakenSilently,
    /// Does not take it, and the answer is lost.
    LostSilently,
    /// Says that it will not take it now.
    NotNow,
    /// Says that it will never take it.
    Refused,
}

#[derive(Debug, Default)]
struct State {
    epoch: u64,
    given: u64,
    mails: Vec<(u64, Vec<u8>)>,
    sent: Vec<OutgoingMail>,
    next: NextSubmission,
}

/// A mailbox in memory. Clones share it: a simulated crash keeps a clone.
#[derive(Debug, Clone)]
pub struct MemoryMailbox {
    state: Arc<Mutex<State>>,
    address: String,
    bytes_max: usize,
    sends: bool,
}

impl MemoryMailbox {
    /// An empty mailbox that sends, with a bound on the mails that it hands out.
    pub fn new(address: &str, bytes_max: usize) -> Self {
        let state = State { epoch: 1, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), address: address.to_owned(), bytes_max, sends: true }
    }
    /// The same mailbox, for reading alone.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.sends = false;
        self
    }
    /// A mail comes in.
    pub fn arrive(&self, mail: &[u8]) {
        let mut state = self.state();
        state.given += 1;
        let number = state.given;
        state.mails.push((number, mail.to_vec()));
    }
    /// Another program takes a mail out.
    pub fn remove(&self, mail: &[u8]) {
        self.state().mails.retain(|(_, held)| held != mail);
    }
    /// The server numbers anew.
    pub fn renumber(&self) {
        let mut state = self.state();
        state.epoch += 1;
        state.given = state.mails.len() as u64;
        (1..).zip(state.mails.iter_mut()).for_each(|(number, mail)| mail.0 = number);
    }
    /// What the server does with the next mail.
    pub fn next_submission(&self, next: NextSubmission) {
        self.state().next = next;
    }
    /// The mails that the server took.
    pub fn sent(&self) -> Vec<OutgoingMail> {
        self.state().sent.clone()
    }
    /// Their Message-IDs.
    pub fn sent_ids(&self) -> Vec<MailId> {
        self.state().sent.iter().map(|mail| mail.message_id().clone()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MailSource for MemoryMailbox {
    fn read(
        &mut self,
        after: Option<Cursor>,
        most: usize,
        take: &mut dyn FnMut(&Arrived<'_>) -> ControlFlow<()>,
    ) -> Result<Reading, MailboxError> {
        let state = self.state();
        let epoch = state.epoch;
        let known = after.filter(|cursor| cursor.epoch == epoch);
        let mut cursor = known.unwrap_or(Cursor { epoch, position: 0 });
        let begun_again = after.is_some() && known.is_none();
        let from = cursor.position;
        let mut taken = 0;
        for (position, mail) in state.mails.iter().filter(|(number, _)| *number > from) {
            let here = Cursor { epoch, position: *position };
            let content = if mail.len() > self.bytes_max {
                Content::TooLarge { bytes: mail.len() as u64 }
            } else {
                Content::Mail(mail)
            };
            if taken == most || take(&Arrived { cursor: here, content }).is_break() {
                return Ok(Reading { cursor, taken, more: true, begun_again });
            }
            (cursor, taken) = (here, taken + 1);
        }
        Ok(Reading { cursor, taken, more: false, begun_again })
    }

    fn wait(&mut self, _at_most: Duration) -> Result<bool, MailboxError> {
        Ok(false)
    }
}

impl MailSender for MemoryMailbox {
    fn submit(&mut self, mail: &OutgoingMail) -> Result<(), SubmitError> {
        if !self.sends {
            return Err(SubmitError::ReadOnly);
        }
        if mail.sender().as_str() != self.address {
            return Err(SubmitError::OtherSender(mail.sender().to_string()));
        }
        let mut state = self.state();
        let next = std::mem::take(&mut state.next);
        if matches!(next, NextSubmission::Taken | NextSubmission::TakenSilently) {
            state.sent.push(mail.clone());
        }
        match next {
            NextSubmission::Taken => Ok(()),
            NextSubmission::TakenSilently | NextSubmission::LostSilently => Err(SubmitError::Unknown),
            NextSubmission::NotNow => Err(SubmitError::NotNow("451".to_owned())),
            NextSubmission::Refused => Err(SubmitError::Refused("550".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{
        MAIL_BYTES_MAX, SenderSubject, SourceSubject, outgoing, sender_contract, source_contract,
    };

    const ADDRESS: &str = "protocollo@pec.regione.example";

    impl SourceSubject for MemoryMailbox {
        fn source(&mut self) -> Box<dyn MailSource> {
            Box::new(self.clone())
        }
        fn arrive(&mut self, mail: &[u8]) {
            MemoryMailbox::arrive(self, mail);
        }
        fn remove(&mut self, mail: &[u8]) {
            MemoryMailbox::remove(self, mail);
        }
        fn renumber(&mut self) -> bool {
            MemoryMailbox::renumber(self);
            true
        }
    }

    impl SenderSubject for MemoryMailbox {
        fn sender(&mut self) -> Box<dyn MailSender> {
            Box::new(self.clone())
        }
        fn read_only(&mut self) -> Box<dyn MailSender> {
            Box::new(self.clone().read_only())
        }
        fn taken(&mut self) -> Vec<MailId> {
            self.sent_ids()
        }
    }

    #[test]
    fn the_mailbox_in_memory_keeps_the_contract() {
        source_contract(&mut || Box::new(MemoryMailbox::new(ADDRESS, MAIL_BYTES_MAX)));
        sender_contract(&mut MemoryMailbox::new(ADDRESS, MAIL_BYTES_MAX));
    }

    #[test]
    fn after_a_lost_answer_nobody_knows() {
        let mut mailbox = MemoryMailbox::new(ADDRESS, MAIL_BYTES_MAX);
        for (next, taken) in [
            (NextSubmission::TakenSilently, 1),
            (NextSubmission::LostSilently, 1),
            (NextSubmission::NotNow, 1),
            (NextSubmission::Refused, 1),
            (NextSubmission::Taken, 2),
        ] {
            mailbox.next_submission(next);
            let result = mailbox.submit(&outgoing(ADDRESS, 1));
            let silent = matches!(next, NextSubmission::TakenSilently | NextSubmission::LostSilently);
            assert_eq!(matches!(result, Err(SubmitError::Unknown)), silent);
            assert_eq!((result.is_ok(), mailbox.sent().len()), (next == NextSubmission::Taken, taken));
        }
    }
}
