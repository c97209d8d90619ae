//! Keeps what is known about the run: the run table while tests run, the ledger for good.

mod ledger;
mod table;

pub(crate) use ledger::Ledger;
pub(crate) use table::{RunTable, Slot, State};
