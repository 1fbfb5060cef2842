//! The local API over this node: its trait implemented over the engine's queue and a reader of the store, and `concerto api`.

use concerto_api::duties::Duties;
use concerto_api::{About, EventKind, Member, Node, Reader, ServeError, Serving, Webhook};
use concerto_core::{Case, Fault, Order, Reply};
use concerto_crypto_openssl::OpensslRandom;
use concerto_message::{ConferenceId, Digest, Salt, Writer};
use concerto_port::{Clock, DocumentStore, JournalError, Random};
use concerto_procedure::acts::{Act, Behalf};
use concerto_store_sqlite::SqliteReader;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot};

use crate::auto::{self, Absent};
use crate::engine::Told;
use crate::export;
use crate::home::{Home, read};
use crate::output::{Failure, Output};
use crate::transfers::Transfers;

/// Folder of the API's own files, below the node's.
const FOLDER: &str = "api";
/// Shortest secret of a webhook, in bytes.
const WEBHOOK_SECRET_BYTES_MIN: usize = 16;

/// The peers that are connected now, as the transport tells.
pub(crate) type Connected = Arc<Mutex<BTreeSet<Writer>>>;

/// The folder of tokens, uploads and places of webhooks.
pub(crate) fn folder(home: &Home) -> PathBuf {
    home.folder.join(FOLDER)
}

/// The node as its API sees it.
struct LocalNode {
    home: Home,
    documents: Arc<dyn DocumentStore>,
    transfers: Transfers,
    clock: Box<dyn Clock>,
    engine: mpsc::Sender<Told>,
    connected: Connected,
    duties: Arc<Duties>,
}

/// Serves the API where the configuration says so.
pub(crate) async fn start(
    home: &Home,
    engine: mpsc::Sender<Told>,
    (documents, transfers): (Arc<dyn DocumentStore>, Transfers),
    (connected, duties): (Connected, Arc<Duties>),
) -> Result<Option<Serving>, Failure> {
    let Some(listen) = home.node.api.listen else { return Ok(None) };
    let node = LocalNode {
        home: home.clone(),
        documents,
        transfers,
        clock: home.clock()?,
        engine,
        connected,
        duties,
    };
    let config = concerto_api::Config { listen, folder: folder(home), webhooks: webhooks(home)? };
    let served = concerto_api::serve(Arc::new(node), config).await;
    served.map(Some).map_err(|error: ServeError| Failure::environment(error.code(), &error))
}

fn webhooks(home: &Home) -> Result<Vec<Webhook>, Failure> {
    let hook = |file: &concerto_federation_config::WebhookFile| {
        let secret = read(&home.folder.join(&file.secret))?;
        let secret = secret.trim_ascii().to_vec();
        if secret.len() < WEBHOOK_SECRET_BYTES_MIN {
            let what = format!("{}: {WEBHOOK_SECRET_BYTES_MIN} byte", file.secret.display());
            return Err(Failure::usage(
                "webhook.secret",
                format!("Il segreto del webhook è troppo corto ({what} almeno)."),
                format!("The secret of the webhook is too short ({what} at least)."),
            ));
        }
        Ok(Webhook {
            name: file.name.clone(),
            address: file.url.address,
            path: file.url.path.clone(),
            secret,
            events: EventKind::ALL
                .into_iter()
                .filter(|kind| file.events.iter().any(|e| e == kind.as_str()))
                .collect(),
        })
    };
    home.node.api.webhooks.iter().map(hook).collect()
}

impl Node for LocalNode {
    fn about(&self) -> About {
        About {
            writer: self.home.node.writer.clone(),
            name: self.home.node.name.clone(),
            federation: self.home.federation.id.to_string(),
            training: self.home.federation.training,
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn reader(&self) -> Result<Reader, JournalError> {
        Ok(Box::new(SqliteReader::open(self.home.journal_path())?))
    }

    fn salt(&self) -> Salt {
        Salt(OpensslRandom.nonce())
    }

    fn documents(&self) -> &dyn DocumentStore {
        self.documents.as_ref()
    }

    fn duties(&self) -> &Duties {
        &self.duties
    }

    fn received(&self, document: Digest) -> Option<u64> {
        self.transfers.held(document)
    }

    fn members(&self) -> Vec<Member> {
        let connected = self.connected.lock().map(|connected| connected.clone()).unwrap_or_default();
        let others =
            self.home.federation.members.iter().filter(|m| m.enabled && m.writer != self.home.node.writer);
        others
            .map(|member| Member {
                writer: member.writer.clone(),
                name: member.name.clone(),
                connected: connected.contains(&member.writer),
            })
            .collect()
    }

    fn compose(
        &self,
        act_type: &str,
        facts: Value,
        case: Option<&Case>,
        behalf: Option<&Behalf>,
    ) -> Result<Act, Vec<Fault>> {
        let now = self.clock.now();
        let author = behalf.map_or(&self.home.node.writer, |behalf| &behalf.body);
        let facts = match case {
            None if act_type == "Notice" => auto::notice(facts, now, Absent::Compute),
            None => Ok(facts),
            Some(case) => auto::facts(act_type, facts, case, author, now, Absent::Compute),
        };
        let act = facts
            .and_then(|facts| auto::act_for(behalf, act_type, facts))
            .map_err(|failure| failure.faults)?;
        if let Some(case) = case {
            crate::pec::nobody_waits(&self.home, &act, case).map_err(|failure| failure.faults)?;
        }
        Ok(act)
    }

    fn order(&self, order: Order) -> BoxFuture<'static, Result<Reply, Fault>> {
        let engine = self.engine.clone();
        async move {
            let stopping = || Fault::technical("node.stopping", &"the node is stopping");
            let (sender, receiver) = oneshot::channel();
            engine.send(Told::Order(Box::new(order), sender)).await.map_err(|_| stopping())?;
            receiver.await.unwrap_or_else(|_| Err(stopping()))
        }
        .boxed()
    }

    fn export(&self, conference: &ConferenceId, folder: &Path) -> Result<(), Vec<Fault>> {
        export::write(&self.home, conference, folder).map(drop).map_err(|failure| failure.faults)
    }
}

/// `concerto api openapi`: the document from which a client can be written.
pub(crate) fn openapi(out: Output) -> Result<(), Failure> {
    let document = concerto_api::openapi_document();
    let text =
        serde_json::to_string_pretty(&document).map_err(|e| Failure::environment("api.openapi", &e))?;
    out.line(&text);
    Ok(())
}

/// What `serve` announces of the API.
pub(crate) fn announced(serving: Option<&Serving>) -> Value {
    serving.map_or(Value::Null, |serving| json!(format!("http://{}", serving.address)))
}
