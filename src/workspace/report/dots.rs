//! `dots`: a character a test, and at the end what `pretty` says there.

use super::Reporter;
use super::pretty::{self, Style};
use crate::workspace::events::{Event, RunLine, What};
use crate::workspace::record::Line;
use crate::workspace::results::{Ledger, Status};

/// Characters a line.
const WIDTH: usize = 80;

pub(super) struct Dots {
    style: Style,
    column: usize,
}

impl Reporter for Dots {
    fn event(&mut self, event: &Event, _: &str, (ledger, out): (&Ledger, &mut String)) {
        match &event.what {
            // What suites write to the terminal stands among it otherwise.
            What::Suite(Line::Finished(result)) if !self.style.shows_output => {
                out.push(match result.status {
                    Status::Passed => '.',
                    Status::Failed(_) => 'F',
                    Status::Ignored => 'i',
                    Status::Measured => 'b',
                });
                self.column += 1;
                if self.column == WIDTH {
                    self.end_line(ledger, out);
                }
            }
            What::Run(RunLine::WorkspaceFinished(_)) => {
                if self.column > 0 {
                    self.end_line(ledger, out);
                }
                pretty::end(&self.style, ledger, out);
            }
            What::Run(_) | What::Suite(_) => {}
        }
    }
}

impl Dots {
    pub(super) fn new(style: Style) -> Dots {
        Dots { style, column: 0 }
    }

    /// With how many tests there were so far.
    fn end_line(&mut self, ledger: &Ledger, out: &mut String) {
        let fill = WIDTH - self.column;
        out.push_str(&format!("{:fill$} {:>6}\n", "", ledger.tally.all()));
        self.column = 0;
    }
}
