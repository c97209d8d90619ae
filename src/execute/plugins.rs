//! Asks plugins what they have to say about a run.

use super::capture::{Buffer, inherit};
use crate::context::{Plugins, RunReport};
use crate::model::{Notice, Output};

/// Asks one plugin after the other, on this thread; `tell` hears the number of each, and what it says or what went wrong, which may
/// be nothing.
pub(crate) fn ask_plugins(plugins: Plugins, run: &RunReport<'_>, mut tell: impl FnMut(u32, Vec<Notice>)) {
    inherit();
    for (number, plugin) in (0..).zip(plugins.iter()) {
        let buffer = Buffer::default();
        let returned = buffer.collect(|| plugin.report(run));
        let mut text = buffer.take();
        text.extend(returned.unwrap_or_default().into_bytes());
        let trouble = plugin.take_trouble();
        let said = match trouble {
            // What it printed says more about that.
            Some(trouble) => vec![Notice::Trouble(crate::model::Trouble { output: text.into(), ..trouble })],
            None if text.is_empty() => Vec::new(),
            None => vec![Notice::Report { plugin: plugin.name().to_owned(), text: Output::from(text) }],
        };
        tell(number, said);
    }
}
