//! The task that owns the swarm: it carries commands out, keeps the tables, and hands events to the node.
//!
//! It never waits for the node alone: while the node's queue is full the swarm goes on, within the bounds of the tables, and
//! further requests of peers are dropped, which their senders see as no answer.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use concerto_port::{PeerEvent, PeerFailure};
use futures::StreamExt;
use libp2p::core::transport::ListenerId;
use libp2p::request_response::{
    Event as FrameEvent, InboundRequestId, Message, OutboundFailure, OutboundRequestId, ResponseChannel,
};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, ListenError, SwarmEvent};
use libp2p::{PeerId, Swarm, allow_block_list, ping};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Instant, sleep_until, timeout};

use crate::codec::{Frame, Share};
use crate::gate::TurnedAway;
use crate::lane::{Blame, Hold};
use crate::link::{Command, LinkEnds};
use crate::peers::Peers;
use crate::queue::{Queue, Waiting};
use crate::swarm::{Behaviour, BehaviourEvent};
use crate::{TransportConfig, UNANSWERED_MAX, UNANSWERED_PER_PEER_MAX};

/// Commands carried out before the swarm is looked at again.
const COMMANDS_AT_ONCE: usize = 64;
/// How long a stream that broke waits for the news that its connection broke with it.
const DOUBT: Duration = Duration::from_millis(300);
/// How long the end may take.
const FAREWELL: Duration = Duration::from_millis(500);

/// A request of a peer that the node has not answered.
#[derive(Debug)]
struct Unanswered {
    peer: usize,
    connection: ConnectionId,
    request: InboundRequestId,
    channel: ResponseChannel<Option<Frame>>,
    share: Share,
}

/// An answer that is being sent: it keeps the place of its request until the peer has read it.
#[derive(Debug)]
struct Sending {
    connection: ConnectionId,
    _share: Share,
    _room: Option<Hold>,
}

/// A request whose stream broke: either its connection closed, or the peer refused it.
#[derive(Debug)]
struct Doubtful {
    connection: ConnectionId,
    peer: usize,
    token: u64,
    failure: PeerFailure,
    due: Instant,
}

/// The task.
pub(crate) struct Driver {
    swarm: Swarm<Behaviour>,
    peers: Peers,
    events: mpsc::Sender<PeerEvent>,
    ends: LinkEnds,
    frame_bytes_max: usize,
    request_bytes_max: usize,
    queue: Queue,
    asked: HashMap<OutboundRequestId, (usize, u64)>,
    unanswered: HashMap<u64, Unanswered>,
    sending: HashMap<InboundRequestId, Sending>,
    strangers: Blame,
    tokens: HashMap<InboundRequestId, u64>,
    token_next: u64,
    doubtful: VecDeque<Doubtful>,
    connections: HashSet<ConnectionId>,
    listeners_unsettled: HashSet<ListenerId>,
}

/// What a turn of the task found.
enum Turn {
    Swarm(Box<SwarmEvent<BehaviourEvent>>),
    Commands,
    Room,
    Timer,
    End,
}

impl Driver {
    pub(crate) fn new(
        mut swarm: Swarm<Behaviour>,
        listeners: Vec<ListenerId>,
        peers: Peers,
        events: mpsc::Sender<PeerEvent>,
        ends: LinkEnds,
        config: &TransportConfig,
    ) -> Self {
        for peer in peers.iter() {
            swarm.behaviour_mut().known.allow_peer(peer.peer_id);
        }
        Self {
            swarm,
            peers,
            events,
            ends,
            frame_bytes_max: config.frame_bytes_max,
            request_bytes_max: config.request_bytes_max(),
            queue: Queue::default(),
            asked: HashMap::new(),
            unanswered: HashMap::new(),
            sending: HashMap::new(),
            strangers: Blame::of_strangers(),
            tokens: HashMap::new(),
            token_next: 1,
            doubtful: VecDeque::new(),
            connections: HashSet::new(),
            listeners_unsettled: listeners.into_iter().collect(),
        }
    }

    /// Runs until the link closes or nobody listens to the events.
    pub(crate) async fn run(mut self) {
        let mut commands = Vec::with_capacity(COMMANDS_AT_ONCE);
        while self.flush() {
            match self.turn(&mut commands).await {
                Turn::Swarm(event) => self.on_swarm(*event),
                Turn::Commands => commands.drain(..).for_each(|c| self.on_command(c)),
                Turn::Timer => self.on_timer(Instant::now()),
                Turn::Room => {}
                Turn::End => break,
            }
        }
        self.farewell().await;
    }

    async fn turn(&mut self, commands: &mut Vec<Command>) -> Turn {
        let due = self.peers.next_dial().into_iter().chain(self.doubtful.front().map(|d| d.due)).min();
        let waiting = !self.queue.is_empty();
        tokio::select! {
            event = self.swarm.select_next_some() => Turn::Swarm(Box::new(event)),
            count = self.ends.commands.recv_many(commands, COMMANDS_AT_ONCE) => {
                if count == 0 { Turn::End } else { Turn::Commands }
            }
            room = self.events.reserve(), if waiting => if room.is_ok() { Turn::Room } else { Turn::End },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Turn::Timer,
            _ = self.ends.closing.wait_for(|closing| *closing) => Turn::End,
        }
    }

    /// Hands on what the node has room for; `false` if nobody listens any more.
    fn flush(&mut self) -> bool {
        while !self.queue.is_empty() {
            match self.events.try_reserve() {
                Ok(place) => {
                    if let Some(event) = self.queue.next(&mut self.peers) {
                        place.send(event);
                    }
                }
                Err(TrySendError::Full(())) => return true,
                Err(TrySendError::Closed(())) => return false,
            }
        }
        true
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Request { peer, token, frame } => self.request(peer, token, frame),
            Command::RequestStranger { to, token } => self.queue.push(Waiting::Stranger { to, token }),
            Command::Respond { token, frame } => self.respond(token, frame),
        }
    }

    fn request(&mut self, peer: usize, token: u64, frame: Vec<u8>) {
        let Some(peer_id) = self.peers.at(peer).map(|p| p.peer_id) else { return };
        if frame.len() > self.request_bytes_max {
            let failure = PeerFailure::Protocol("the frame is larger than its bound".to_owned());
            return self.fail(peer, token, failure);
        }
        // A request to a peer that is not connected would make the library dial.
        let frames = &mut self.swarm.behaviour_mut().frames;
        if !frames.is_connected(&peer_id) {
            return self.fail(peer, token, PeerFailure::NotConnected);
        }
        let id = frames.send_request(&peer_id, Frame::to_send(frame));
        self.asked.insert(id, (peer, token));
    }

    fn respond(&mut self, token: u64, frame: Vec<u8>) {
        let Some(asked) = self.unanswered.remove(&token) else {
            tracing::debug!(token, "answer to a request that is gone");
            return;
        };
        self.tokens.remove(&asked.request);
        let bytes = frame.len();
        let Some(peer) = self.peers.at_mut(asked.peer) else { return };
        peer.unanswered = peer.unanswered.saturating_sub(1);
        let room = peer.lane.room_to_send(bytes);
        let answer = if bytes > self.frame_bytes_max {
            tracing::error!(bytes, "an answer is larger than a frame may be and is not sent");
            None
        } else if room.is_none() {
            peer.lane.blame.note("peer.reads-slowly", &"answers that the peer asked for are not read");
            None
        } else {
            Some(Frame::to_send(frame))
        };
        let Unanswered { connection, request, channel, share, .. } = asked;
        self.sending.insert(request, Sending { connection, _share: share, _room: room });
        if self.swarm.behaviour_mut().frames.send_response(channel, answer).is_err() {
            tracing::debug!(token, "the connection of a request is gone");
            self.sending.remove(&request);
        }
    }

    fn fail(&mut self, peer: usize, token: u64, failure: PeerFailure) {
        self.queue.push(Waiting::Answer { peer, token, result: Err(failure) });
    }

    fn on_timer(&mut self, now: Instant) {
        while self.doubtful.front().is_some_and(|d| d.due <= now) {
            if let Some(d) = self.doubtful.pop_front() {
                self.fail(d.peer, d.token, d.failure);
            }
        }
        for index in self.peers.due(now) {
            let Some(peer) = self.peers.at(index) else { continue };
            let options = DialOpts::peer_id(peer.peer_id)
                .condition(PeerCondition::DisconnectedAndNotDialing)
                .addresses(peer.addresses.clone())
                .allocate_new_port()
                .build();
            self.peers.dialling(index, now);
            if let Err(error) = self.swarm.dial(options) {
                tracing::debug!(%error, "not dialled");
                self.peers.dial_failed(index, now);
            }
        }
    }

    fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Frames(event)) => self.on_frame(event),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => self.on_ping(&event),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, num_established, .. } => {
                self.connections.insert(connection_id);
                if num_established.get() == 1
                    && let Some(index) = self.peers.index_of(&peer_id)
                {
                    self.peers.connected(index, Instant::now());
                    self.queue.report(&mut self.peers, index);
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, cause, .. } => {
                tracing::debug!(%peer_id, ?cause, left = num_established, "connection closed");
                self.on_closed(peer_id, connection_id, num_established == 0);
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer_id), error, .. } => {
                tracing::debug!(%peer_id, %error, "dialling failed");
                if let Some(index) = self.peers.index_of(&peer_id) {
                    self.peers.dial_failed(index, Instant::now());
                }
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
                tracing::debug!(from = %send_back_addr, %error, "caller refused");
                self.strangers.note(refusal_code(&error), &error);
            }
            SwarmEvent::NewListenAddr { listener_id, address } => {
                tracing::debug!(%address, "listening");
                self.listening(listener_id, |list| list.push(address.to_string()));
            }
            SwarmEvent::ExpiredListenAddr { listener_id, address } => {
                self.listening(listener_id, |list| list.retain(|a| *a != address.to_string()));
            }
            SwarmEvent::ListenerClosed { listener_id, addresses, reason } => {
                tracing::warn!(?addresses, ?reason, "no longer listening");
                self.listening(listener_id, |list| {
                    list.retain(|a| addresses.iter().all(|b| *a != b.to_string()))
                });
            }
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "a listener had an error"),
            _ => {}
        }
    }

    fn listening(&mut self, listener: ListenerId, change: impl FnOnce(&mut Vec<String>)) {
        self.listeners_unsettled.remove(&listener);
        let settled = self.listeners_unsettled.is_empty();
        self.ends.listening.send_modify(|listening| {
            change(&mut listening.addresses);
            listening.settled |= settled;
        });
    }

    fn on_closed(&mut self, peer_id: PeerId, connection: ConnectionId, last: bool) {
        self.connections.remove(&connection);
        self.sending.retain(|_, sending| sending.connection != connection);
        for mut d in std::mem::take(&mut self.doubtful) {
            if d.connection == connection {
                d.failure = PeerFailure::NotConnected;
                self.fail(d.peer, d.token, d.failure);
            } else {
                self.doubtful.push_back(d);
            }
        }
        if last && let Some(index) = self.peers.index_of(&peer_id) {
            self.peers.disconnected(index, Instant::now());
            self.queue.report(&mut self.peers, index);
        }
    }

    fn on_ping(&mut self, event: &ping::Event) {
        match &event.result {
            Ok(_) | Err(ping::Failure::Unsupported) => {}
            Err(error) => {
                tracing::debug!(peer = %event.peer, %error, "the connection does not answer and is closed");
                self.swarm.close_connection(event.connection);
            }
        }
    }

    fn on_frame(&mut self, event: FrameEvent<Frame, Option<Frame>>) {
        match event {
            FrameEvent::Message { peer, connection_id, message } => match message {
                Message::Request { request_id, request, channel } => {
                    self.on_request(&peer, connection_id, request_id, request, channel);
                }
                Message::Response { request_id, response } => match response {
                    Some(frame) => {
                        if let Some((peer, token)) = self.asked.remove(&request_id) {
                            self.queue.push(Waiting::Answer { peer, token, result: Ok(frame) });
                        }
                    }
                    None => self.on_broken(request_id, connection_id, PeerFailure::TimedOut),
                },
            },
            FrameEvent::OutboundFailure { connection_id, request_id, error, .. } => {
                self.on_outbound_failure(request_id, connection_id, &error);
            }
            FrameEvent::InboundFailure { request_id, error, .. } => {
                tracing::debug!(%error, "a request of a peer ended without an answer");
                self.forget(request_id);
            }
            FrameEvent::ResponseSent { request_id, .. } => drop(self.sending.remove(&request_id)),
        }
    }

    fn on_request(
        &mut self,
        peer_id: &PeerId,
        connection: ConnectionId,
        request: InboundRequestId,
        frame: Frame,
        channel: ResponseChannel<Option<Frame>>,
    ) {
        let Some(index) = self.peers.index_of(peer_id) else { return };
        let Some(peer) = self.peers.at_mut(index) else { return };
        // Dropping the channel ends the stream without an answer.
        if peer.unanswered >= UNANSWERED_PER_PEER_MAX || self.unanswered.len() >= UNANSWERED_MAX {
            tracing::debug!(peer = %peer.name, "too many unanswered requests: one dropped");
            return;
        }
        peer.unanswered += 1;
        let token = self.token_next;
        self.token_next += 1;
        self.tokens.insert(request, token);
        let (frame, share) = frame.into_parts();
        self.unanswered.insert(token, Unanswered { peer: index, connection, request, channel, share });
        self.queue.push(Waiting::Request { peer: index, token, frame });
    }

    fn forget(&mut self, request: InboundRequestId) {
        self.sending.remove(&request);
        let Some(token) = self.tokens.remove(&request) else { return };
        if let Some(gone) = self.unanswered.remove(&token)
            && let Some(peer) = self.peers.at_mut(gone.peer)
        {
            peer.unanswered = peer.unanswered.saturating_sub(1);
        }
        self.queue.forget_request(token);
    }

    fn on_outbound_failure(
        &mut self,
        id: OutboundRequestId,
        connection: ConnectionId,
        error: &OutboundFailure,
    ) {
        let failure = match error {
            OutboundFailure::DialFailure | OutboundFailure::ConnectionClosed => PeerFailure::NotConnected,
            OutboundFailure::Timeout => PeerFailure::TimedOut,
            OutboundFailure::UnsupportedProtocols => PeerFailure::Protocol(error.to_string()),
            OutboundFailure::Io(io) if io.kind() == std::io::ErrorKind::OutOfMemory => PeerFailure::TimedOut,
            OutboundFailure::Io(io) => {
                return self.on_broken(id, connection, PeerFailure::Protocol(io.to_string()));
            }
        };
        if let Some((peer, token)) = self.asked.remove(&id) {
            self.fail(peer, token, failure);
        }
    }

    /// A stream ended before its answer: `failure`, unless the connection turns out to have ended too.
    fn on_broken(&mut self, id: OutboundRequestId, connection: ConnectionId, failure: PeerFailure) {
        let Some((peer, token)) = self.asked.remove(&id) else { return };
        if self.connections.contains(&connection) {
            let due = Instant::now() + DOUBT;
            self.doubtful.push_back(Doubtful { connection, peer, token, failure, due });
        } else {
            self.fail(peer, token, PeerFailure::NotConnected);
        }
    }

    /// Closes every connection, so that peers notice at once, and answers what is still open.
    async fn farewell(mut self) {
        self.ends.commands.close();
        while let Ok(command) = self.ends.commands.try_recv() {
            match command {
                Command::Request { peer, token, .. } => self.fail(peer, token, PeerFailure::NotConnected),
                other => self.on_command(other),
            }
        }
        let connected: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer_id in connected {
            // Fails only if the peer is gone already.
            let _ = self.swarm.disconnect_peer_id(peer_id);
        }
        let until = Instant::now() + FAREWELL;
        while !self.connections.is_empty() {
            let Ok(event) = tokio::time::timeout_at(until, self.swarm.select_next_some()).await else {
                break;
            };
            self.on_swarm(event);
        }
        let open: Vec<(usize, u64)> = self
            .asked
            .drain()
            .map(|(_, entry)| entry)
            .chain(self.doubtful.drain(..).map(|d| (d.peer, d.token)))
            .collect();
        for (peer, token) in open {
            self.fail(peer, token, PeerFailure::NotConnected);
        }
        while let Some(event) = self.queue.next(&mut self.peers) {
            if !matches!(timeout(FAREWELL, self.events.send(event)).await, Ok(Ok(()))) {
                return;
            }
        }
    }
}

/// The code under which a refused caller is counted.
fn refusal_code(error: &ListenError) -> &'static str {
    let ListenError::Denied { cause } = error else { return "peer.handshake" };
    if cause.downcast_ref::<TurnedAway>().is_some() {
        "peer.calls"
    } else if cause.downcast_ref::<allow_block_list::NotAllowed>().is_some() {
        "peer.unknown"
    } else {
        "peer.connections"
    }
}
