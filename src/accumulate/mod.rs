//! Keeps what is known about the run: the run table while tests run, the ledger for good.

#[cfg(any(snout_processes, snout_loom))]
mod atomics;
#[cfg(any(snout_processes, snout_loom))]
mod claims;
#[cfg(any(snout_processes, snout_loom))]
mod host;
mod ledger;
#[cfg(all(test, snout_loom))]
mod models;
#[cfg(any(snout_processes, snout_loom))]
mod queue;
#[cfg(any(snout_processes, snout_loom))]
mod table;

#[cfg(snout_processes)]
pub(crate) use host::HostState;
pub(crate) use ledger::Ledger;
#[cfg(snout_processes)]
pub(crate) use queue::{ChildQueue, EndOfChild, HowEnded, Place, TearDown, Turn};
#[cfg(snout_processes)]
pub(crate) use table::{RunTable, Slot, State};
