//! Orders to the engine: of the node that runs, over its bounded queue, or of an engine of this process where none runs.

use concerto_core::{Fault, Order, Reply};
use concerto_port::Alarm;
use tokio::sync::{mpsc, oneshot};

use crate::engine::{Engine, Told};

/// The engine is gone: the node stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// Whom orders are given to.
pub(crate) enum Orders {
    /// The running node. To be used on a thread that may block.
    Running(mpsc::Sender<Told>),
    /// An engine of this process.
    Alone(Box<Engine>),
}

impl Orders {
    /// Gives an order; what it ordered is durable when this returns.
    pub(crate) fn give(&mut self, order: Order) -> Result<Result<Reply, Fault>, Gone> {
        match self {
            Self::Running(tell) => {
                let (sender, receiver) = oneshot::channel();
                tell.blocking_send(Told::Order(Box::new(order), sender)).map_err(|_| Gone)?;
                receiver.blocking_recv().map_err(|_| Gone)
            }
            Self::Alone(engine) => Ok(engine.execute(order)),
        }
    }

    /// Raises an alarm. Raising it twice changes nothing.
    pub(crate) fn raise(&mut self, alarm: Alarm) -> Result<(), Gone> {
        match self {
            Self::Running(tell) => tell.blocking_send(Told::Alarm(alarm)).map_err(|_| Gone),
            Self::Alone(engine) => {
                engine.raise(alarm);
                Ok(())
            }
        }
    }
}
