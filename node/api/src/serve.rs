//! The listener: loopback only, few connections, and nobody who dawdles (RFC 9112).

use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use concerto_port::Tips;
use http::header;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::app::{App, Node, Parts};
use crate::export;
use crate::operations;
use crate::patience::Patient;
use crate::problem::{Problem, write_in_language};
use crate::webhooks::{Webhook, Webhooks, pulse};

/// The port that the documentation names.
pub const DEFAULT_PORT: u16 = 4080;
/// Connections at one time; others wait to be accepted.
const CONNECTIONS_MAX: usize = 256;
/// Longest time for the headers of a request to arrive.
const HEADERS_WAIT: Duration = Duration::from_secs(10);
/// Greatest sum of the headers of a request, in bytes.
const HEADERS_BYTES_MAX: usize = 32 * 1024;
/// Pause between two looks at the end of the journal.
const PULSE: Duration = Duration::from_millis(200);
/// Pause between two removals of old uploads.
const SWEEP: Duration = Duration::from_secs(6 * 60 * 60);
/// Longest wait for requests under way when the node stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// Where and with what the API is served.
pub struct Config {
    /// A loopback address.
    pub listen: SocketAddr,
    /// The folder of tokens, uploads and places of webhooks.
    pub folder: PathBuf,
    /// The webhooks.
    pub webhooks: Vec<Webhook>,
}

/// Why the API was not served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is not on loopback, and there is no TLS.
    #[error("the API is served on loopback only, because it has no TLS: {0} is another address")]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("{0} cannot be listened on: {1}")]
    Bind(SocketAddr, std::io::Error),
    /// The folder cannot be used.
    #[error("{0}: {1}")]
    Folder(PathBuf, std::io::Error),
}

impl ServeError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotLoopback(_) => "api.not-loopback",
            Self::Bind(..) => "api.bind",
            Self::Folder(..) => "api.folder",
        }
    }
}

/// The API, being served.
pub struct Serving {
    /// Where.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Serving {
    /// Takes no new request, gives those under way a moment, and ends.
    pub async fn stop(self) {
        let _ = self.stop.send(true); // nobody may be listening any more
        let _ = tokio::time::timeout(FAREWELL, self.accepting).await;
    }
}

/// Serves the API.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(node: Arc<dyn Node>, config: Config) -> Result<Serving, ServeError> {
    let Config { listen, folder, webhooks } = config;
    if !listen.ip().is_loopback() {
        return Err(ServeError::NotLoopback(listen));
    }
    let unusable = |error| ServeError::Folder(folder.clone(), error);
    export::tidy(&folder);
    let (tell, tips) = watch::channel(Tips::default());
    let (stop, stopping) = watch::channel(false);
    let webhooks = Webhooks::new(webhooks);
    let parts = Parts { node, folder: folder.clone(), webhooks, tips, stopping };
    let app = Arc::new(App::new(parts).map_err(unusable)?);
    let listener = TcpListener::bind(listen).await.map_err(|e| ServeError::Bind(listen, e))?;
    let address = listener.local_addr().map_err(|e| ServeError::Bind(listen, e))?;
    tokio::spawn(pulse(app.clone(), tell, PULSE));
    app.webhooks.run(&app);
    tokio::spawn(sweep(app.clone()));
    let warming = app.clone();
    tokio::task::spawn_blocking(move || warming.warm());
    let accepting = tokio::spawn(accept(listener, router(&app, address), app.stopping.clone()));
    Ok(Serving { address, stop, accepting })
}

async fn sweep(app: Arc<App>) {
    let mut stopping = app.stopping.clone();
    loop {
        let sweeping = app.clone();
        // what goes wrong is in the log; the next one tries again
        let _ = tokio::task::spawn_blocking(move || sweeping.sweep()).await;
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}

fn router(app: &Arc<App>, address: SocketAddr) -> axum::Router {
    let hosts = Arc::new(Hosts::of(address));
    operations::router(app)
        .fallback(|| async { Problem::new("resource.unknown") })
        .layer(middleware::from_fn_with_state(hosts, named_as_we_are))
        .layer(middleware::from_fn(write_in_language))
}

/// The names under which this service is reached.
struct Hosts(Vec<String>);

impl Hosts {
    fn of(address: SocketAddr) -> Self {
        let port = address.port();
        let names = [address.ip().to_string(), "127.0.0.1".into(), "[::1]".into(), "localhost".into()];
        Self(names.into_iter().map(|name| format!("{name}:{port}")).collect())
    }

    fn hold(&self, host: &str) -> bool {
        self.0.iter().any(|known| known.eq_ignore_ascii_case(host))
    }
}

/// A page of another site whose name was moved to this address (DNS rebinding) sends that name.
async fn named_as_we_are(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    if host.is_some_and(|host| hosts.hold(host)) {
        return next.run(request).await;
    }
    Problem::new("request.host").into_response()
}

async fn accept(listener: TcpListener, router: axum::Router, mut stopping: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await; // no more files, say: not in a tight loop
                continue;
            }
        };
        let (router, stopping) = (router.clone(), stopping.clone());
        tokio::spawn(async move {
            converse(stream, router, stopping).await;
            drop(place);
        });
    }
    // those under way hold the other places
    let count = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
    let _ = places.acquire_many(count).await;
}

async fn converse(stream: TcpStream, router: axum::Router, mut stopping: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true); // a slower answer is an answer
    let mut protocol = hyper::server::conn::http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(HEADERS_WAIT).max_buf_size(HEADERS_BYTES_MAX);
    let service = TowerToHyperService::new(router);
    let connection = protocol.serve_connection(TokioIo::new(Patient::new(stream)), service);
    tokio::pin!(connection);
    tokio::select! {
        done = connection.as_mut() => {
            if let Err(error) = done {
                tracing::debug!(%error, "a connection ended early");
            }
            return;
        }
        _ = stopping.wait_for(|stopping| *stopping) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await; // it was asked to end
}
