//! Keeps what is known about the run: the run table while tests run, the ledger for good.

#[cfg(snout_processes)]
mod claims;
mod ledger;
#[cfg(snout_processes)]
mod queue;
#[cfg(snout_processes)]
mod table;

pub(crate) use ledger::Ledger;
#[cfg(snout_processes)]
pub(crate) use queue::{ChildQueue, EndOfChild, HowEnded, Place, TearDown, Turn};
#[cfg(snout_processes)]
pub(crate) use table::{HostState, RunTable, Slot, State};
