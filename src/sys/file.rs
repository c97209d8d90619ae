//! Files that a run is written to.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// A file to write to. What a process executes does not inherit it.
pub(crate) struct OutputFile(File);

impl OutputFile {
    /// Makes the file, or empties the one that is there.
    pub(crate) fn create(path: &Path) -> io::Result<OutputFile> {
        File::create(path).map(OutputFile)
    }

    /// Makes the file, which must not be there.
    pub(crate) fn create_new(path: &Path) -> io::Result<OutputFile> {
        OpenOptions::new().write(true).create_new(true).open(path).map(OutputFile)
    }
}

impl io::Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(snout_processes)]
        return super::signals::without_size_signal(|| self.0.write(bytes));
        #[cfg(not(snout_processes))]
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
