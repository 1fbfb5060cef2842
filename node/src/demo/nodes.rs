//! The nodes of a demonstration: a folder and a process for each administration, and a virtual clock that all of them follow.
//!
//! ```text
//! FOLDER/clock               the instant that every node takes for the present
//! FOLDER/anchor/             the local anchor of the training federation
//! FOLDER/nodes/KEY/          one node: keys, journal, documents, control socket, serve.log
//! ```

use concerto_core::Fault;
use concerto_federation_config::{Address, Transport};
use concerto_message::FederationId;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::case_file::{CaseFile, Participant};
use crate::control::{self, WireOrder, WireReply};
use crate::home::Home;
use crate::init::{AnchorFolder, NewNode};
use crate::output::{Failure, Output};

/// The federation of every demonstration.
const FEDERATION: &str = "https://anchor.demo.example";
/// Longest wait for a node to start.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// Longest wait for a node to end after it was told to.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// Pause between two looks.
pub(super) const PAUSE: Duration = Duration::from_millis(40);
/// Longest path of a Unix socket, in bytes (unix(7): 108 with the byte that ends it).
const SOCKET_PATH_BYTES_MAX: usize = 107;
/// Lines of a node's log that a failure shows.
const LOG_LINES: usize = 8;

/// One node.
pub(super) struct NodeOf {
    pub(super) key: String,
    pub(super) home: Home,
    pub(super) ports: Ports,
    child: Option<Child>,
}

/// Where a node listens on the loopback interface.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) tcp: u16,
    pub(super) quic: u16,
}

/// Every node of the demonstration. Processes still running end with this value.
pub(super) struct Nodes {
    pub(super) folder: PathBuf,
    pub(super) nodes: Vec<NodeOf>,
    interrupted: Arc<AtomicBool>,
}

impl Nodes {
    /// Makes anchor, folders, keys and configurations; nothing runs yet.
    pub(super) fn create(case: &CaseFile, folder: &Path, from: Timestamp) -> Result<Self, Failure> {
        prepare_folder(folder, case)?;
        set_clock(folder, from)?;
        let id: FederationId = FEDERATION.parse().map_err(|e| Failure::environment("demo.federation", &e))?;
        let anchor_folder = folder.join("anchor");
        let mut anchor = AnchorFolder::create(&anchor_folder, &id, "Concerto demo", true, from)?;
        let ports = free_ports(case.participants.len())?;
        for (participant, ports) in case.participants.iter().zip(&ports) {
            anchor.enrol(&node_folder(folder, participant), &new_node(participant, *ports, from)?)?;
        }
        anchor.save(&anchor_folder)?;
        let mut nodes = Vec::new();
        for (participant, ports) in case.participants.iter().zip(ports) {
            let home = node_folder(folder, participant);
            std::fs::write(home.join("federation.toml"), anchor.federation().to_toml())?;
            Home::follow_clock(&home, &folder.join("clock"))?;
            nodes.push(NodeOf { key: participant.key.clone(), home: Home::open(&home)?, ports, child: None });
        }
        Ok(Self { folder: folder.to_path_buf(), nodes, interrupted: watch_signals()? })
    }

    pub(super) fn node(&self, key: &str) -> Result<&NodeOf, Failure> {
        self.nodes.iter().find(|n| n.key == key).ok_or_else(|| Failure::environment("demo.node", &key))
    }

    /// The nodes whose process runs.
    pub(super) fn running(&self) -> impl Iterator<Item = &NodeOf> {
        self.nodes.iter().filter(|n| n.child.is_some())
    }

    /// Starts one node and waits until it answers.
    pub(super) fn start(&mut self, key: &str) -> Result<(), Failure> {
        self.spawn(key)?;
        self.wait_answer(key)
    }

    /// Starts every node that does not run.
    pub(super) fn start_all(&mut self) -> Result<Vec<String>, Failure> {
        let stopped: Vec<String> =
            self.nodes.iter().filter(|n| n.child.is_none()).map(|n| n.key.clone()).collect();
        for key in &stopped {
            self.spawn(key)?;
        }
        for key in &stopped {
            self.wait_answer(key)?;
        }
        Ok(stopped)
    }

    /// Tells one node to end and waits until it did.
    pub(super) fn stop(&mut self, key: &str) -> Result<(), Failure> {
        let place = self.nodes.iter_mut().find(|n| n.key == key);
        let node = place.ok_or_else(|| Failure::environment("demo.node", &key))?;
        let Some(child) = node.child.take() else { return Ok(()) };
        node.tell_to_stop();
        end(child);
        Ok(())
    }

    fn spawn(&mut self, key: &str) -> Result<(), Failure> {
        let place = self.nodes.iter_mut().find(|n| n.key == key);
        let node = place.ok_or_else(|| Failure::environment("demo.node", &key))?;
        let log = std::fs::OpenOptions::new().create(true).append(true).open(node.log_path())?;
        let mut command = this_program();
        command.arg("--home").arg(&node.home.folder).args(["--format", "json", "serve"]);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // a signal from the keyboard is for the demonstration, which then ends its nodes in order
        command.process_group(0);
        let child = command.spawn().map_err(|e| Failure::environment("demo.spawn", &e))?;
        node.child = Some(child);
        Ok(())
    }

    fn wait_answer(&mut self, key: &str) -> Result<(), Failure> {
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            self.check_interrupt()?;
            let place = self.nodes.iter_mut().find(|n| n.key == key);
            let node = place.ok_or_else(|| Failure::environment("demo.node", &key))?;
            if let Ok(Some(WireReply::Pong)) = control::call(&node.home.socket_path(), &WireOrder::Ping) {
                return Ok(());
            }
            let ended = node.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            if ended.is_some() || Instant::now() > deadline {
                node.child = node.child.take().filter(|_| ended.is_none());
                return Err(node.not_started());
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Sets the instant that every node takes for the present.
    pub(super) fn set_clock(&self, at: Timestamp) -> Result<(), Failure> {
        set_clock(&self.folder, at)
    }

    /// Ends the run if a signal came.
    pub(super) fn check_interrupt(&self) -> Result<(), Failure> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(Failure::refused(Fault::new(
                "demo.interrupted",
                "La dimostrazione è stata interrotta; i nodi sono stati fermati.",
                "The demonstration was interrupted; its nodes were stopped.",
            )));
        }
        Ok(())
    }

    /// Lets the processes run on after this program; their process identifiers.
    pub(super) fn leave_running(&mut self) -> BTreeMap<String, u32> {
        let pid = |node: &mut NodeOf| Some((node.key.clone(), node.child.take()?.id()));
        self.nodes.iter_mut().filter_map(pid).collect()
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        let running: Vec<_> =
            self.nodes.iter_mut().filter_map(|n| n.child.take().map(|child| (&*n, child))).collect();
        for (node, _) in &running {
            node.tell_to_stop();
        }
        for (_, child) in running {
            end(child);
        }
    }
}

impl NodeOf {
    pub(super) fn process_id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Gives an order to the running node.
    pub(super) fn order(&self, order: &WireOrder) -> Result<WireReply, Failure> {
        let reply = control::call(&self.home.socket_path(), order)?;
        reply.ok_or_else(|| {
            Failure::environment("demo.node", &format!("{}: the node does not answer", self.key))
        })
    }

    fn log_path(&self) -> PathBuf {
        self.home.folder.join("serve.log")
    }

    fn tell_to_stop(&self) {
        let _ = control::call(&self.home.socket_path(), &WireOrder::Stop); // one that does not answer is killed
    }

    fn not_started(&self) -> Failure {
        let log = std::fs::read_to_string(self.log_path()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default().join("\n");
        let (key, path) = (&self.key, self.log_path());
        let path = path.display();
        Failure::refused(Fault::new(
            "demo.start",
            format!("Il nodo {key} non è partito. Ultime righe di {path}:\n{last}"),
            format!("The node {key} did not start. Last lines of {path}:\n{last}"),
        ))
    }
}

/// This very program, also where a newer one has taken its place on the disk meanwhile.
pub(super) fn this_program() -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("concerto");
    command
}

/// Waits for a process that was told to end; kills it when it does not.
fn end(mut child: Child) {
    let deadline = Instant::now() + STOP_PATIENCE;
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(_)) => return,
            Ok(None) => std::thread::sleep(PAUSE),
            Err(_) => break,
        }
    }
    let _ = child.kill(); // it may have ended meanwhile
    let _ = child.wait();
}

fn node_folder(folder: &Path, participant: &Participant) -> PathBuf {
    folder.join("nodes").join(&participant.key)
}

/// The folder must be new or empty, and short enough for sockets.
fn prepare_folder(folder: &Path, case: &CaseFile) -> Result<(), Failure> {
    let longest = case
        .participants
        .iter()
        .map(|p| node_folder(folder, p).join("control.sock"))
        .max_by_key(|p| p.as_os_str().len());
    if let Some(path) = longest.filter(|path| path.as_os_str().len() > SOCKET_PATH_BYTES_MAX) {
        let path = path.display();
        return Err(Failure::usage(
            "demo.folder",
            format!(
                "Il percorso {path} è troppo lungo per un socket: scegliere una cartella più breve con --folder."
            ),
            format!("The path {path} is too long for a socket: choose a shorter folder with --folder."),
        ));
    }
    std::fs::create_dir_all(folder.join("nodes"))?;
    let others = std::fs::read_dir(folder)?.filter_map(Result::ok).any(|entry| entry.file_name() != "nodes");
    let nodes = std::fs::read_dir(folder.join("nodes"))?.next().is_some();
    if others || nodes {
        let folder = folder.display();
        return Err(Failure::usage(
            "demo.folder",
            format!("La cartella {folder} non è vuota: svuotarla o sceglierne un'altra."),
            format!("The folder {folder} is not empty: empty it or choose another."),
        ));
    }
    Ok(())
}

/// A fresh folder for a run that names none.
pub(super) fn temporary_folder() -> PathBuf {
    let name =
        format!("concerto-demo-{}-{}", std::process::id(), Timestamp::now().as_millisecond() % 100_000);
    std::env::temp_dir().join(name)
}

/// The clock's file is replaced, never half-written: nodes read it at any time.
fn set_clock(folder: &Path, at: Timestamp) -> Result<(), Failure> {
    let (clock, next) = (folder.join("clock"), folder.join("clock.next"));
    std::fs::write(&next, format!("{at}\n"))?;
    Ok(std::fs::rename(next, clock)?)
}

fn new_node(participant: &Participant, ports: Ports, valid_from: Timestamp) -> Result<NewNode, Failure> {
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let address = |port, transport| Address { ip, port, transport, peer_id: None };
    let entity: Result<FederationId, _> =
        format!("https://{}.demo.example", participant.key.replace('_', "-")).parse();
    Ok(NewNode {
        writer: participant.writer.clone(),
        name: participant.name.clone(),
        entity: entity.map_err(|e| Failure::environment("demo.entity", &e))?,
        listen: vec![address(ports.tcp, Transport::Tcp), address(ports.quic, Transport::Quic)],
        valid_from,
    })
}

/// Ports that are free now: all are held until all are chosen.
fn free_ports(count: usize) -> Result<Vec<Ports>, Failure> {
    let mut held = Vec::new();
    for _ in 0..count {
        held.push((TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?, UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?));
    }
    let ports = held.iter().map(|(tcp, udp)| -> std::io::Result<Ports> {
        Ok(Ports { tcp: tcp.local_addr()?.port(), quic: udp.local_addr()?.port() })
    });
    Ok(ports.collect::<Result<_, _>>()?)
}

/// Notes SIGINT and SIGTERM, so that the nodes are ended in order.
fn watch_signals() -> Result<Arc<AtomicBool>, Failure> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let noted = interrupted.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut terminate = {
        let _context = runtime.enter();
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        });
        noted.store(true, Ordering::Relaxed);
    })?;
    Ok(interrupted)
}

/// The table of nodes, for people.
pub(super) fn introduce(out: Output, case: &CaseFile, nodes: &Nodes) {
    for node in &nodes.nodes {
        let Some(participant) = case.participant(&node.key) else { continue };
        let lead = if node.key == case.lead { out.say(" (procede)", " (leads)") } else { "" };
        let who = format!("{}{lead}", participant.name);
        out.progress(&format!(
            "  {:<15} {:<51} {:<18} pid {:<7} tcp {}",
            node.key,
            super::report::cut(&who, 51),
            participant.writer.to_string(),
            node.process_id().unwrap_or_default(),
            node.ports.tcp,
        ));
    }
}
