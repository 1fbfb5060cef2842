//! One real node on a stage, every other member played by the test: the test signs with the members' keys whatever it likes, sends any
//! frame, and answers (or not) what the node asks.

use concerto_core::{Effect, Input, ServeRefusal};
use concerto_exchange::frame::{self, Answer, Request};
use concerto_exchange::transfer::FetchFailure;
use concerto_message::{ConferenceId, Digest, Listed, MessageId};
use concerto_port::JournalRead;
use concerto_port::memory::{MemoryDocuments, MemoryJournal};
use concerto_procedure::acts::Act;
use concerto_procedure::rome_date;
use std::time::Duration;

use crate::acts;
use crate::federation::{BODIES, LEAD, Office, federation};
use crate::forge::{self, Draft};
use crate::node::{Answered, Moment, SimNode, open};

/// What the node asked of a played member and that member has not answered yet.
#[derive(Debug)]
pub struct Question {
    /// Whom.
    pub to: String,
    /// Names the answer.
    pub token: u64,
    /// What.
    pub request: Request,
}

/// How much a journal holds: a refused input leaves it unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    links: usize,
    receipts: usize,
    outbox: usize,
    wanted: usize,
    alarms: usize,
    documents: usize,
}

/// A node, its clocks and one conference.
pub struct Stage {
    /// The node.
    pub node: SimNode,
    /// The clocks.
    pub now: Moment,
    /// The conference.
    pub conference: ConferenceId,
    /// The link that opened it.
    pub notice: MessageId,
    /// What the node asked.
    pub questions: Vec<Question>,
    /// What the node fetches in streams: from whom, under which token, what.
    pub fetches: Vec<(String, u64, Listed)>,
    /// How the node answered streams of peers, by token.
    pub served: Vec<(u64, Result<Listed, ServeRefusal>)>,
}

impl Stage {
    fn empty(writer: &str, conference: ConferenceId) -> Self {
        let now = Moment { wall: "2026-11-23T08:00:00Z".parse().unwrap(), monotonic: Duration::from_secs(1) };
        let (journal, documents) = (MemoryJournal::new(), MemoryDocuments::default());
        let node = SimNode::start(
            federation().office(writer),
            federation().config(writer),
            (journal, None),
            documents,
            1,
            now,
        );
        Self {
            node,
            now,
            conference,
            notice: MessageId(Digest([0; 32])),
            questions: Vec::new(),
            fetches: Vec::new(),
            served: Vec::new(),
        }
    }

    /// The procedente's node, with a conference to which the first two bodies are called.
    pub fn at_lead() -> Self {
        let mut stage = Self::empty(LEAD, forge::conference(federation(), LEAD, 0));
        let called: Vec<_> = BODIES[..2].iter().map(|b| b.parse().unwrap()).collect();
        let order = open(acts::notice(rome_date(stage.now.wall), &called), Vec::new());
        let (reply, effects) = stage.node.order(order, stage.now);
        stage.keep(effects);
        match reply.unwrap() {
            concerto_core::Reply::Sent { conference, message, .. } => {
                (stage.conference, stage.notice) = (conference, message);
            }
            other => panic!("{other:?}"),
        }
        stage
    }

    /// The first body's node, called with the second by a played procedente that greeted.
    pub fn at_body() -> Self {
        let mut stage = Self::empty(BODIES[0], forge::conference(federation(), LEAD, 7));
        stage.greet(LEAD);
        let called: Vec<_> = BODIES[..2].iter().map(|b| b.parse().unwrap()).collect();
        let notice = stage.draft(LEAD, &acts::notice(rome_date(stage.now.wall), &called), 1, None);
        let text = notice.signed(federation().office(LEAD));
        stage.notice = forge::read(&text).id();
        assert_eq!(stage.deliver(LEAD, &[&text]).code(), "-");
        stage
    }

    /// A good link of a played member in the conference, to be spoilt.
    pub fn draft(&self, writer: &str, act: &Act, sequence: u64, previous: Option<MessageId>) -> Draft {
        Draft::new(federation().office(writer), &self.conference, act, sequence, previous, self.now.wall)
    }

    /// The transport reports a connection under a transport identity.
    pub fn connect(&mut self, peer: &str, peer_id: &str) {
        let input = Input::Connected { peer: peer.parse().unwrap(), peer_id: peer_id.to_owned() };
        self.feed(input);
    }

    /// A member connects, and both greet.
    pub fn greet(&mut self, peer: &str) {
        let office = federation().office(peer);
        self.connect(peer, &office.peer_id);
        assert_eq!(self.hello(office).code(), "-");
        let question = self.question(peer, |request| matches!(request, Request::Hello { .. }));
        let greeting = forge::greeting(office, self.node.office);
        let hello = forge::signed_greeting(office, &greeting, self.now.wall);
        self.answer(&question, &Answer::Hello { hello }, &office.bundle);
    }

    /// A member's own good greeting.
    pub fn hello(&mut self, office: &Office) -> Answered {
        let greeting = forge::greeting(office, self.node.office);
        let hello = forge::signed_greeting(office, &greeting, self.now.wall);
        self.ask_with(&office.writer.to_string(), &Request::Hello { hello }, &office.bundle)
    }

    /// A member asks.
    pub fn ask(&mut self, from: &str, request: &Request) -> Answered {
        self.ask_with(from, request, &[])
    }

    /// A member asks, with a tail.
    pub fn ask_with(&mut self, from: &str, request: &Request, tail: &[u8]) -> Answered {
        let (answer, effects) = self.node.ask(&from.parse().unwrap(), request, tail, self.now);
        self.keep(effects);
        answer
    }

    /// A member sends any bytes as a frame.
    pub fn ask_bytes(&mut self, from: &str, frame: Vec<u8>) -> Answered {
        let (answer, effects) = self.node.ask_bytes(&from.parse().unwrap(), frame, self.now);
        self.keep(effects);
        answer
    }

    /// A member delivers links.
    pub fn deliver(&mut self, from: &str, links: &[&str]) -> Answered {
        self.ask(from, &Request::Deliver { links: links.iter().map(|l| (*l).to_owned()).collect() })
    }

    /// A member answers a question.
    pub fn answer(&mut self, question: &Question, answer: &Answer, tail: &[u8]) {
        let result = Ok(frame::encode(answer, tail).unwrap());
        self.feed(Input::Answer { from: question.to.parse().unwrap(), token: question.token, result });
    }

    /// Takes the first question to a member that fits.
    pub fn question(&mut self, to: &str, fits: impl Fn(&Request) -> bool) -> Question {
        let at = self.questions.iter().position(|q| q.to == to && fits(&q.request));
        self.questions.remove(at.unwrap_or_else(|| panic!("no such question to {to}: {:?}", self.questions)))
    }

    /// A stream of the node ends; the first one from this member.
    pub fn end_fetch(&mut self, from: &str, result: Result<(), FetchFailure>) -> Listed {
        let at = self.fetches.iter().position(|(of, ..)| of == from);
        let (_, token, document) =
            self.fetches.remove(at.unwrap_or_else(|| panic!("no stream from {from}: {:?}", self.fetches)));
        self.feed(Input::Fetched { from: from.parse().unwrap(), token, result });
        document
    }

    /// A member opens a stream for a document; how the node answers.
    pub fn ask_stream(
        &mut self,
        from: &str,
        message: MessageId,
        digest: Digest,
    ) -> Result<Listed, ServeRefusal> {
        self.feed(Input::DocumentAsked { from: from.parse().unwrap(), token: 7, message, digest });
        self.served.pop().expect("every stream is answered").1
    }

    /// One input.
    pub fn feed(&mut self, input: Input) {
        let effects = self.node.feed(vec![input], self.now).unwrap();
        self.keep(effects);
    }

    /// Half a minute passes.
    pub fn tick(&mut self) {
        self.now.monotonic += Duration::from_secs(30);
        self.feed(Input::Tick);
    }

    /// The node dies and starts again; nobody is connected.
    pub fn crash(mut self) -> Self {
        self.node = self.node.crash(2, self.now);
        self.questions.clear();
        self.fetches.clear();
        self
    }

    /// How much the journal holds.
    pub fn trace(&self) -> Trace {
        let journal = &self.node.journal;
        let conferences = journal.conferences(None, usize::MAX).unwrap();
        Trace {
            links: conferences.iter().map(|c| journal.links(c, 0, usize::MAX).unwrap().len()).sum(),
            receipts: conferences.iter().map(|c| journal.conference_receipts(c).unwrap().len()).sum(),
            outbox: self.node.outbox_len(),
            wanted: self.node.wanted_len(),
            alarms: self.node.alarms().len(),
            documents: self.node.documents.len(),
        }
    }

    fn keep(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Ask { to, token, frame } => {
                    let request = frame::decode_request(&frame).unwrap().0;
                    self.questions.push(Question { to: to.to_string(), token, request });
                }
                Effect::Fetch { from, token, document, .. } => {
                    self.fetches.push((from.to_string(), token, document))
                }
                Effect::Serve { token, result } => self.served.push((token, result)),
                _ => {}
            }
        }
    }
}
