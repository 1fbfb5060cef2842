//! `concerto serve`: the node runs until it is told to stop (SIGTERM, SIGINT, or an order over the control socket).

use concerto_peer_libp2p::Libp2pLink;
use concerto_port::{Alarm, DocumentStore, JournalError, JournalRead, PeerEvent};
use concerto_store_sqlite::{Checkpointer, SqliteJournal};
use serde_json::json;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use crate::api;
use crate::control::{self, Signals};
use crate::duties::Desk;
use crate::engine::{Ended, Engine, QUEUE_MAX, Told};
use crate::home::Home;
use crate::keeping;
use crate::mail;
use crate::output::{Failure, Output};
use crate::pec;
use crate::repair;
use crate::scrubbing::Scrubbing;
use crate::transfers::Transfers;

/// Longest wait for the transport to close its connections.
const FAREWELL: Duration = Duration::from_secs(2);
/// Wanted documents read in one go.
const WANTED_PAGE: usize = 256;
/// Time between two ticks of the core.
const TICK: Duration = Duration::from_millis(100);
/// Most times that one process makes its journal anew.
const REBUILDS_MAX: u32 = 3;
/// Time between two checkpoints of the journal.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(5);

/// Runs the node of a folder. A damaged journal is made anew, and the node goes on from what is left.
pub(crate) fn run(out: Output, home: &Home) -> Result<(), Failure> {
    for round in 0..=REBUILDS_MAX {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| Failure::environment("system.runtime", &e))?;
        let ended = runtime.block_on(serve(out, home, round == 0));
        runtime.shutdown_timeout(FAREWELL); // nothing of it may have the journal open any longer
        match ended {
            Ok(Ended::Stopped) => return Ok(()),
            Err(failure) if !failure.is_damaged() || round == REBUILDS_MAX => return Err(failure),
            Ok(Ended::Damaged) | Err(_) => {
                tracing::error!("the journal is damaged; it is made anew from what of it is whole");
                repair::rebuild_journal(home)?;
            }
        }
    }
    Err(JournalError::Corrupt("it was damaged again and again".into()).into())
}

async fn serve(out: Output, home: &Home, first: bool) -> Result<Ended, Failure> {
    let journal = SqliteJournal::open(home.journal_path())?; // refuses a second process before anything else
    let checkpointer = journal.checkpointer()?;
    let (peer_events, peers_tell) = mpsc::channel(QUEUE_MAX);
    let link = concerto_peer_libp2p::spawn(home.transport_config()?, peer_events)
        .map_err(|e| Failure::environment(e.code(), &e))?;
    let mut outside = home.outside()?;
    outside.peers = Some(Arc::new(link.clone()));
    let (tell, told) = mpsc::channel(QUEUE_MAX);
    let transfers = Transfers::new(
        outside.documents.clone(),
        Arc::new(link.clone()),
        tell.clone(),
        home.node.documents.peer_bytes_per_second,
    );
    outside.transfers = Some(transfers.clone());
    let documents = outside.documents.clone();
    erase_unwanted(&journal, documents.as_ref())?;
    let engine = Engine::start(home.core_config()?, Box::new(journal), outside, Some(home.space()))?;
    let (thread, engine_ended) = run_engine(engine, told)?;
    let connected = api::Connected::default();
    let desk = Desk::new(home);
    tokio::spawn(forward_peers(peers_tell, tell.clone(), connected.clone()));
    if let Some(streams) = link.incoming_streams() {
        tokio::spawn(transfers.clone().serve_peers(streams));
    }
    run_beside(&desk, &tell, checkpointer);
    let signals = Arc::new(Signals::default());
    let office = pec::Worker::start(home, tell.clone(), signals.pec.clone())?;
    let socket = serve_control(home, tell.clone(), signals.clone(), (transfers.clone(), desk.clone()))?;
    let scrubbing = Scrubbing::start(home.clone(), tell.clone(), signals.clone());

    let shown = (connected, desk.index.clone());
    let serving = match api::start(home, tell.clone(), (documents, transfers.clone()), shown).await {
        Ok(serving) => serving,
        Err(failure) => {
            let _ = tell.send(Told::Stop).await; // the engine may have stopped by itself
            let _ = std::fs::remove_file(&socket);
            return Err(failure);
        }
    };
    // from the moment at which the node says that it is ready, a signal ends it in order
    let terminate = signal(SignalKind::terminate())?;
    if first {
        announce(out, home, &link, api::announced(serving.as_ref())).await;
    }
    tokio::select! {
        signal = wait_for_signal(terminate) => signal?,
        () = signals.stop.notified() => {}
        _ = engine_ended => {}
    }
    tracing::info!("stopping");
    scrubbing.stop();
    pec::Worker::stop(office).await;
    desk.index.stop();
    if let Some(serving) = serving {
        serving.stop().await;
    }
    let _ = tell.send(Told::Stop).await; // the engine may have stopped by itself
    let stopped = tokio::task::spawn_blocking(move || thread.join()).await;
    link.close();
    // peers that hear the end notice the next start at once; those that do not must wait for a timeout of the transport
    let _ = tokio::time::timeout(FAREWELL, link.closed()).await;
    let _ = std::fs::remove_file(&socket); // it may be gone already
    match stopped {
        Ok(Ok(ended)) => Ok(ended),
        _ => Err(Failure::environment("node.engine", &"the engine stopped with an error")),
    }
}

/// What runs beside the engine and speaks to it: the ticks of its clock, checkpoints, the index of duties, reminders.
fn run_beside(desk: &Desk, tell: &mpsc::Sender<Told>, checkpointer: Checkpointer) {
    tokio::spawn(tick(tell.clone()));
    tokio::spawn(checkpoints(checkpointer, tell.clone()));
    let index = desk.clone();
    tokio::task::spawn_blocking(move || index.warm());
    tokio::spawn(mail::reminders(desk.clone(), tell.clone()));
}

/// Serves orders over the control socket; gives its path.
fn serve_control(
    home: &Home,
    tell: mpsc::Sender<Told>,
    signals: Arc<Signals>,
    aside: (Transfers, Desk),
) -> Result<PathBuf, Failure> {
    let socket = home.socket_path();
    tokio::spawn(control::serve(bind(&socket)?, tell, signals, aside));
    Ok(socket)
}

/// Gives the engine a thread of its own; the receiver hears when it ends, whatever the reason.
fn run_engine(
    mut engine: Engine,
    mut told: mpsc::Receiver<Told>,
) -> Result<(JoinHandle<Ended>, oneshot::Receiver<()>), Failure> {
    let (ended, engine_ended) = oneshot::channel::<()>();
    let thread = std::thread::Builder::new()
        .name("engine".into())
        .spawn(move || {
            let _ended = ended; // dropped when the engine ends
            engine.run(&mut told)
        })
        .map_err(|e| Failure::environment("system.thread", &e))?;
    Ok((thread, engine_ended))
}

/// Erases what was staged and is no longer wanted by any link.
fn erase_unwanted(journal: &dyn JournalRead, documents: &dyn DocumentStore) -> Result<(), Failure> {
    let (mut wanted, mut after) = (BTreeSet::new(), 0);
    loop {
        let page = journal.wanted(after, WANTED_PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.row;
        wanted.extend(page.iter().map(|row| row.digest));
    }
    match documents.erase_staged(&|digest| wanted.contains(&digest)) {
        Ok(0) => {}
        Ok(erased) => tracing::info!(erased, "staged documents that nobody wants any more were erased"),
        Err(error) => tracing::warn!(%error, "staged documents could not be looked through"),
    }
    Ok(())
}

async fn forward_peers(
    mut peers_tell: mpsc::Receiver<PeerEvent>,
    tell: mpsc::Sender<Told>,
    connected: api::Connected,
) {
    while let Some(event) = peers_tell.recv().await {
        if let Ok(mut connected) = connected.lock() {
            match &event {
                PeerEvent::Connected { peer, .. } => {
                    connected.insert(peer.clone());
                }
                PeerEvent::Disconnected { peer } => {
                    connected.remove(peer);
                }
                PeerEvent::Request { .. } | PeerEvent::Answer { .. } => {}
            }
        }
        if tell.send(Told::Peer(event)).await.is_err() {
            return;
        }
    }
}

async fn tick(tell: mpsc::Sender<Told>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        if let Err(mpsc::error::TrySendError::Closed(_)) = tell.try_send(Told::Tick) {
            return;
        }
    }
}

/// Moves the journal's log into its file now and then, beside the writer.
async fn checkpoints(checkpointer: Checkpointer, tell: mpsc::Sender<Told>) {
    let mut checkpointer = checkpointer;
    let mut failing = false;
    loop {
        tokio::time::sleep(CHECKPOINT_EVERY).await;
        let done = tokio::task::spawn_blocking(move || {
            let result = checkpointer.checkpoint();
            (checkpointer, result)
        });
        match done.await {
            Ok((returned, result)) => {
                checkpointer = returned;
                let failed = result.is_err();
                if let Err(error) = &result {
                    tracing::warn!(%error, "a checkpoint failed; the next one is tried later");
                }
                match result {
                    Err(JournalError::Corrupt(_)) => drop(tell.send(Told::Damaged).await), // the engine may have ended
                    Err(error) if !failing => drop(tell.send(Told::Alarm(checkpoint_alarm(&error))).await),
                    _ => {}
                }
                failing = failed;
            }
            Err(_) => return, // the runtime stops
        }
    }
}

fn checkpoint_alarm(error: &JournalError) -> Alarm {
    let at = jiff::Timestamp::now();
    let text = format!(
        "Il registro dell'archivio non si è potuto riportare nel suo file ({error}): controllare il disco. Nulla è perso."
    );
    keeping::alarm("store.checkpoint", at, text)
}

async fn announce(out: Output, home: &Home, link: &Libp2pLink, api: serde_json::Value) {
    let addresses = link.listen_addresses().await;
    let mut text = format!(
        "{} ({})\n{} {}",
        home.node.name,
        home.node.writer,
        out.say("in ascolto su", "listening on"),
        addresses.join(", ")
    );
    if let Some(api) = api.as_str() {
        text.push_str(&format!("\nAPI {api}"));
    }
    out.result(
        &text,
        &json!({
            "ready": true, "writer": home.node.writer, "listening": addresses, "peer_id": link.peer_id(), "api": api,
        }),
    );
}

/// Binds the control socket; a socket left by a process that died is replaced (the journal's lock proves that none lives).
fn bind(socket: &std::path::Path) -> Result<tokio::net::UnixListener, Failure> {
    match std::fs::remove_file(socket) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let listener = tokio::net::UnixListener::bind(socket)
        .map_err(|e| Failure::environment("control.socket", &format!("{}: {e}", socket.display())))?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn wait_for_signal(terminate: Signal) -> Result<(), Failure> {
    let mut terminate = terminate;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        result = tokio::signal::ctrl_c() => Ok(result?),
    }
}
