//! What a test printed.

use std::borrow::Cow;
use std::sync::Arc;

/// Bytes a test printed, standard output and error in the order they came; cheap to clone.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Output(Option<Arc<Vec<u8>>>);

impl Output {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |bytes| bytes)
    }

    /// The bytes as text, with U+FFFD for what is not UTF-8.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes())
    }
}

impl From<Vec<u8>> for Output {
    fn from(bytes: Vec<u8>) -> Output {
        Output((!bytes.is_empty()).then(|| Arc::new(bytes)))
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Output({} bytes)", self.bytes().len())
    }
}
