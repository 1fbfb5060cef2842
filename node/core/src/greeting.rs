//! Sessions: a connection admits nothing; every right follows from a verified greeting (protocols/PROTOCOL.md, "Exchange").

use concerto_exchange::frame::Request;
use concerto_exchange::hello::{Ends, Greeting, PROTOCOL_VERSION, ParsedHello};
use concerto_message::Writer;
use concerto_port::{Alarm, Write};
use concerto_procedure::rome_date;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

use crate::clock::STEP_ALARM;
use crate::fault::Fault;
use crate::keyring::BeliefError;
use crate::node::{Asked, Node, Session};
use crate::step::{Step, Storage, World};

/// Delay before greeting a peer again that refused our greeting.
const GREET_AGAIN_DELAY: Duration = Duration::from_secs(15);

impl Node {
    pub(crate) fn connected(&mut self, world: &World<'_>, step: &mut Step, peer: &Writer, peer_id: String) {
        let known = self.members.get(peer).is_some_and(|m| m.peer_id == peer_id);
        if !known {
            tracing::warn!(%peer, "a connection whose transport identity is not the member's was ignored");
            return;
        }
        let session = Session { connected: true, peer_id, ..Session::default() };
        self.sessions.insert(peer.clone(), session);
        self.delivery.peer_gone(peer);
        self.greet(world, step, peer);
    }

    fn greet(&mut self, world: &World<'_>, step: &mut Step, peer: &Writer) {
        let Some(session) = self.sessions.get_mut(peer) else { return };
        session.greet_again_at = world.monotonic + GREET_AGAIN_DELAY;
        match self.own_hello(world, peer) {
            Ok(hello) => {
                let bundle = self.identity.bundle.clone();
                self.ask(step, peer, Asked::Hello, &Request::Hello { hello }, &bundle);
            }
            Err(fault) => tracing::error!(%peer, %fault, "the greeting could not be signed"),
        }
    }

    /// Greets again the peers that are connected and have not accepted our greeting.
    pub(crate) fn greet_again(&mut self, world: &World<'_>, step: &mut Step) {
        let due: Vec<Writer> = self
            .sessions
            .iter()
            .filter(|(_, s)| s.connected && !s.ready && s.greet_again_at <= world.monotonic)
            .map(|(peer, _)| peer.clone())
            .collect();
        for peer in due {
            self.greet(world, step, &peer);
        }
    }

    /// The greeting of this node for its connection with a peer.
    pub(crate) fn own_hello(&self, world: &World<'_>, peer: &Writer) -> Result<String, Fault> {
        let member = self.members.get(peer).ok_or_else(|| Fault::technical("peer.unknown", peer))?;
        let greeting = Greeting {
            hello: PROTOCOL_VERSION,
            oldest: PROTOCOL_VERSION,
            federation: self.identity.federation.clone(),
            from: self.identity.writer.clone(),
            to: peer.clone(),
            from_entity: self.identity.entity.clone(),
            to_entity: member.entity.clone(),
            from_peer: self.identity.peer_id.clone(),
            to_peer: member.peer_id.clone(),
            incarnation: self.incarnation,
        };
        self.sign_hello(world, &greeting)
    }

    /// Checks a peer's greeting: that it belongs to this very connection, then its bundle, then its signature. Then the peer may
    /// ask. Whatever costs no signature comes first.
    pub(crate) fn admit(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        peer: &Writer,
        hello: &str,
        bundle: &[u8],
    ) -> Result<(), Fault> {
        let not_listed =
            || Fault::technical("hello.peer", &"the trust chain does not list this transport identity");
        let (Some(member), Some(session)) = (self.members.get(peer), self.sessions.get_mut(peer)) else {
            return Err(not_listed());
        };
        let parsed = ParsedHello::parse(hello).map_err(|e| Fault::technical(e.code(), &e))?;
        let ends = Ends {
            federation: &self.identity.federation,
            from: peer,
            to: &self.identity.writer,
            from_entity: &member.entity,
            to_entity: &self.identity.entity,
            from_peer: &session.peer_id,
            to_peer: &self.identity.peer_id,
        };
        parsed.belongs_to(&ends).map_err(|e| Fault::technical(e.code(), &e))?;
        let (digest, dated) = (parsed.header().trust, parsed.header().iat);
        let admitted = self.keyring.admit_named(bundle, digest, world.check);
        admitted.map_err(|e| Fault::technical(e.code(), &e))?;
        let key =
            self.keyring.key(parsed.header(), peer, world.now, world.journal, world.check).map_err(|e| {
                Fault::technical(BeliefError::from(e).code(), &"no trusted key for this greeting")
            })?;
        let chain = self.keyring.chain(digest, world.journal, world.check);
        let chain = chain.map_err(|e| Fault::technical(e.code(), &e))?;
        if !chain.peers().iter().any(|id| id.as_str() == member.peer_id) {
            return Err(not_listed());
        }
        parsed.verify(&ends, &key, world.check).map_err(|e| Fault::technical(e.code(), &e))?;
        let held = world.journal.bundle(digest).map_err(|e| Fault::technical(e.code(), &e))?.is_some();
        if let (false, Some(fault)) = (held, world.storage.read_only()) {
            return Err(fault); // its messages would name a bundle that is not kept
        }
        session.admitted = true;
        if world.storage != Storage::ReadOnly && self.clock.is_watched() {
            step.commit.extend(peer_clock_alarm(peer, dated, world.now).map(Write::Alarm));
        }
        if !held {
            step.commit.push(Write::Bundle { digest, bytes: bundle.to_vec() });
        }
        Ok(())
    }
}

/// A greeting is signed when it is sent: its time shows how far the peer's clock is from ours. Told once a day.
fn peer_clock_alarm(peer: &Writer, greeted_at_s: i64, now: Timestamp) -> Option<Alarm> {
    let apart = SignedDuration::from_secs(greeted_at_s.saturating_sub(now.as_second()));
    (apart.abs() > STEP_ALARM).then(|| Alarm {
        conference: None,
        code: "clock.peer".into(),
        subject: format!("{peer} {}", rome_date(now)),
        at: now,
        text: format!(
            "L'orologio di {peer} differisce dal nostro di {:+} secondi: uno dei due è sbagliato. Controllare l'ora di questo nodo, poi \
             avvisare {peer}.",
            apart.as_secs()
        ),
    })
}
