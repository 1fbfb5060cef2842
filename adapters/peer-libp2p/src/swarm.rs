//! Builds the swarm: transports, limits, and the behaviours that the node needs and no other.
//!
//! The order of the behaviours matters: the allow list and the limits speak before a stream handler exists, and the gate names the
//! peer before its codec is made.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use libp2p::core::transport::ListenerId;
use libp2p::core::upgrade;
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::{self, NetworkBehaviour};
use libp2p::{Swarm, SwarmBuilder, allow_block_list, connection_limits, noise, ping, tcp, tls, yamux};

use crate::codec::{Budget, FrameCodec, PROTOCOL};
use crate::config::{TransportConfig, TransportError, parse_address};
use crate::gate::Gate;
use crate::lane::Entrance;
use crate::{IN_FLIGHT_PER_PEER_MAX, INCOMING_STREAMS_PER_PEER_MAX, UNANSWERED_PER_PEER_MAX};

/// Most handshakes of callers at once; what comes beyond is dropped before any cryptography.
const PENDING_INCOMING_MAX: u32 = 64;
/// Most connections with one peer (both sides may dial at once, over both transports).
const CONNECTIONS_PER_PEER_MAX: u32 = 4;
/// Streams of one connection, both directions.
const STREAMS_MAX: usize =
    2 * (IN_FLIGHT_PER_PEER_MAX + UNANSWERED_PER_PEER_MAX + INCOMING_STREAMS_PER_PEER_MAX);
/// A connection that carries nothing for so long is closed; pings and redialling make this meaningless, so: never.
const IDLE_MAX: Duration = Duration::from_secs(365 * 24 * 3600);
/// Time between two pings of a connection, and how long one may take.
const PING: Duration = Duration::from_secs(10);
/// Silence after which a QUIC connection is over, in milliseconds (RFC 9000 section 10.1).
const QUIC_IDLE_TIMEOUT_MS: u32 = 4_000;
/// Time between two packets that keep a QUIC connection alive.
const QUIC_KEEP_ALIVE_INTERVAL: Duration = Duration::from_millis(1_200);

/// What the node does on a connection.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) known: allow_block_list::Behaviour<allow_block_list::AllowedPeers>,
    limits: connection_limits::Behaviour,
    gate: Gate,
    pub(crate) frames: request_response::Behaviour<FrameCodec>,
    ping: ping::Behaviour,
    pub(crate) streams: libp2p_stream::Behaviour,
}

fn behaviour(config: &TransportConfig, budget: Arc<Budget>, entrance: Arc<Entrance>) -> Behaviour {
    let peers = u32::try_from(config.peers.len()).unwrap_or(u32::MAX);
    let limits = connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(PENDING_INCOMING_MAX))
        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX))
        .with_max_established(Some(peers.saturating_mul(CONNECTIONS_PER_PEER_MAX)));
    let settings = request_response::Config::default()
        .with_request_timeout(config.request_timeout)
        .with_max_concurrent_streams(STREAMS_MAX);
    let codec =
        FrameCodec::new(config.frame_bytes_max, config.request_bytes_max(), budget, Arc::clone(&entrance));
    Behaviour {
        known: allow_block_list::Behaviour::default(),
        limits: connection_limits::Behaviour::new(limits),
        gate: Gate::new(entrance),
        frames: request_response::Behaviour::with_codec(codec, [(PROTOCOL, ProtocolSupport::Full)], settings),
        ping: ping::Behaviour::new(ping::Config::new().with_interval(PING).with_timeout(PING)),
        streams: libp2p_stream::Behaviour::new(),
    }
}

/// QUIC addresses get a head start over TCP (RFC 8305 style); streams name their protocol without waiting for consent.
fn swarm_settings(settings: swarm::Config) -> swarm::Config {
    settings
        .with_idle_connection_timeout(IDLE_MAX)
        .with_max_negotiating_inbound_streams(STREAMS_MAX)
        .with_substream_upgrade_protocol_override(upgrade::Version::V1Lazy)
        .with_smart_dial()
        .with_notify_handler_buffer_size(NonZeroUsize::MIN.saturating_add(63))
        .with_per_connection_event_buffer_size(64)
}

/// Builds the swarm and starts to listen; the second value names the listeners.
pub(crate) fn build(
    config: &TransportConfig,
    entrance: Arc<Entrance>,
) -> Result<(Swarm<Behaviour>, Vec<ListenerId>), TransportError> {
    // Whoever installed a provider first keeps it; all parts of the program choose the same.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let budget = Budget::new(config.received_bytes_max.max(config.frame_bytes_max.saturating_mul(2)));
    let behaviour = behaviour(config, budget, entrance);
    let mut mux = yamux::Config::default();
    mux.set_max_num_streams(STREAMS_MAX);
    let setup = |error: &dyn std::fmt::Display| TransportError::Setup(error.to_string());
    let mut swarm = SwarmBuilder::with_existing_identity(config.identity.keypair().clone())
        .with_tokio()
        .with_tcp(tcp::Config::new().nodelay(true), (tls::Config::new, noise::Config::new), move || {
            mux.clone()
        })
        .map_err(|e| setup(&e))?
        .with_quic_config(|mut quic| {
            quic.handshake_timeout = config.handshake_timeout;
            // a peer that was killed and returned is met again within five seconds: its old connection must end before
            quic.max_idle_timeout = QUIC_IDLE_TIMEOUT_MS;
            quic.keep_alive_interval = QUIC_KEEP_ALIVE_INTERVAL;
            quic.max_concurrent_stream_limit = u32::try_from(STREAMS_MAX).unwrap_or(u32::MAX);
            quic
        })
        .with_behaviour(|_| behaviour)
        .map_err(|e| setup(&e))?
        .with_swarm_config(swarm_settings)
        .with_connection_timeout(config.handshake_timeout)
        .build();
    let own = *swarm.local_peer_id();
    let mut listeners = Vec::new();
    for text in &config.listen {
        let address = parse_address(text, own)?;
        let listener = swarm
            .listen_on(address)
            .map_err(|e| TransportError::Listen { address: text.clone(), reason: e.to_string() })?;
        listeners.push(listener);
    }
    Ok((swarm, listeners))
}
