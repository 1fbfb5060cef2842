//! The gate: callers that come too fast from one address are turned away before any cryptography, and whoever gets in is named, so
//! that its frames run in its own lane.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use crate::lane::Entrance;

/// Handshakes that one address may begin at once.
const CALLS_AT_ONCE: u32 = 256;
/// How long one more handshake of an address takes to be allowed: 32 a second, some hundredths of a processor.
const CALL_EVERY: Duration = Duration::from_millis(31);
/// Handshakes of one address under way: a part of what all addresses may have, so that none takes the place of every other.
const PENDING_PER_ADDRESS_MAX: usize = 48;
/// Most addresses of which calls are counted.
const ADDRESSES_MAX: usize = 4096;

/// Why a caller is turned away at the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TurnedAway {
    /// Too many handshakes in a short time.
    #[error("an address calls too often")]
    TooOften,
    /// Too many handshakes that do not end.
    #[error("an address has too many handshakes under way")]
    TooMany,
}

/// Calls of one address: `spent_until` lies ahead of now by one step for each recent call.
#[derive(Debug, Clone, Copy)]
struct Calls {
    spent_until: Instant,
    pending: usize,
}

/// The behaviour.
#[derive(Debug)]
pub(crate) struct Gate {
    entrance: Arc<Entrance>,
    calls: HashMap<IpAddr, Calls>,
    pending: HashMap<ConnectionId, IpAddr>,
}

impl Gate {
    pub(crate) fn new(entrance: Arc<Entrance>) -> Self {
        Self { entrance, calls: HashMap::new(), pending: HashMap::new() }
    }

    /// Counts a call; refuses it where its address called too often.
    pub(crate) fn call(
        &mut self,
        id: ConnectionId,
        address: Option<IpAddr>,
        now: Instant,
    ) -> Result<(), TurnedAway> {
        let Some(address) = address else { return Ok(()) };
        if self.calls.len() >= ADDRESSES_MAX {
            self.calls.retain(|_, calls| calls.pending > 0 || calls.spent_until > now);
        }
        let known = self.calls.len() < ADDRESSES_MAX || self.calls.contains_key(&address);
        if !known {
            return Err(TurnedAway::TooMany);
        }
        let calls = self.calls.entry(address).or_insert(Calls { spent_until: now, pending: 0 });
        let spent_until = calls.spent_until.max(now) + CALL_EVERY;
        if spent_until > now + CALL_EVERY * CALLS_AT_ONCE {
            return Err(TurnedAway::TooOften);
        }
        if calls.pending >= PENDING_PER_ADDRESS_MAX {
            return Err(TurnedAway::TooMany);
        }
        calls.spent_until = spent_until;
        calls.pending += 1;
        self.pending.insert(id, address);
        Ok(())
    }

    /// A handshake ended, one way or the other.
    pub(crate) fn ended(&mut self, id: ConnectionId) {
        let calls = self.pending.remove(&id).and_then(|address| self.calls.get_mut(&address));
        if let Some(calls) = calls {
            calls.pending = calls.pending.saturating_sub(1);
        }
    }
}

/// The address of a caller.
fn address_of(caller: &Multiaddr) -> Option<IpAddr> {
    caller.iter().find_map(|part| match part {
        Protocol::Ip4(address) => Some(address.into()),
        Protocol::Ip6(address) => Some(address.into()),
        _ => None,
    })
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: &Multiaddr,
        caller: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.call(id, address_of(caller), Instant::now()).map_err(ConnectionDenied::new)
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.ended(id);
        self.entrance.enter(&peer);
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.entrance.enter(&peer);
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ListenFailure(failure) = event {
            self.ended(failure.connection_id);
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
