//! A content on its way into a request, which never ends unless it is the right one.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tokio::sync::mpsc;

use super::answer::ContentDiffers;
use crate::model::{Hasher, Sha256};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// How many chunks wait for the network.
const AHEAD: usize = 4;

/// Why a content was not sent to its end.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is not what was planned.
    Differs(ContentDiffers),
    /// It cannot be read.
    Unreadable(io::Error),
}

/// Where the reason is left for the caller, who gets only the HTTP client's error.
pub(super) type FaultCell = Arc<OnceLock<Fault>>;

/// Streams `reader`, which must hold exactly `size` bytes whose digest is `sha256`.
///
/// The last chunk is held back until the whole content is known to be right. If it is not, the stream
/// ends with an error, so that the request is never completed and nothing can be stored, and the reason is
/// in `fault` before that. Must be called within a Tokio runtime.
pub(super) fn guarded(
    reader: Box<dyn Read + Send>,
    size: u64,
    sha256: Sha256,
    fault: FaultCell,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (sender, chunks) = mpsc::channel(AHEAD);
    // When the request ends early, the receiver is dropped, and with it the sending fails and the task ends.
    drop(tokio::task::spawn_blocking(move || {
        let pumped = pump(reader, size, sha256, |chunk| {
            sender.blocking_send(Part::Chunk(chunk)).is_ok()
        });
        match pumped {
            Ok(()) => drop(sender.blocking_send(Part::End)),
            // Each stream has its own cell, so nobody was faster.
            Err(reason) => drop(fault.set(reason)),
        }
    }));
    stream::unfold(Some(chunks), |chunks| async {
        let mut chunks = chunks?;
        match chunks.recv().await {
            Some(Part::Chunk(chunk)) => Some((Ok(chunk), Some(chunks))),
            Some(Part::End) => None,
            // Also when the reader panicked: a content that is not whole must not look whole.
            None => Some((Err(io::Error::other("the content is not sent")), None)),
        }
    })
}

/// What the reading side tells the sending side; silence is a failure.
enum Part {
    Chunk(Bytes),
    End,
}

/// Reads all of `reader` and hands on its chunks, the last one only when all is right. Ends early, and
/// without a fault, when `send` says that nobody wants more.
fn pump(
    mut reader: impl Read,
    size: u64,
    sha256: Sha256,
    mut send: impl FnMut(Bytes) -> bool,
) -> Result<(), Fault> {
    let mut hasher = Hasher::default();
    let mut length: u64 = 0;
    let mut held: Option<Bytes> = None;
    loop {
        let chunk = fill(&mut reader).map_err(Fault::Unreadable)?;
        if chunk.is_empty() {
            break;
        }
        length += chunk.len() as u64;
        if length > size {
            break;
        }
        hasher.update(&chunk);
        if held.replace(chunk).is_some_and(|chunk| !send(chunk)) {
            return Ok(());
        }
    }
    if length != size {
        return Err(Fault::Differs(ContentDiffers::Length { planned: size }));
    }
    let read = hasher.finish();
    if read != sha256 {
        return Err(Fault::Differs(ContentDiffers::Sha256 {
            planned: sha256,
            read,
        }));
    }
    held.map(send);
    Ok(())
}

/// The next [`CHUNK`] bytes, fewer only at the end.
fn fill(reader: &mut impl Read) -> io::Result<Bytes> {
    let mut chunk = Vec::with_capacity(CHUNK);
    reader.take(CHUNK as u64).read_to_end(&mut chunk)?;
    Ok(chunk.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    use futures_util::StreamExt as _;
    use proptest::prelude::*;

    /// What was sent, and how it ended.
    fn pumped(content: &[u8], size: u64, sha256: Sha256) -> (Vec<u8>, Result<(), Fault>) {
        let mut sent = Vec::new();
        let result = pump(content, size, sha256, |chunk| {
            sent.extend_from_slice(&chunk);
            true
        });
        (sent, result)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn only_the_right_content_is_sent_whole(
            length in 0_usize..3 * CHUNK + 2,
            planned in 0_usize..3 * CHUNK + 2,
            same in any::<bool>(),
        ) {
            let content = vec![7; length];
            let planned = if same { length } else { planned };
            let sha256 = Sha256::of(&vec![7; planned]);
            let (sent, result) = pumped(&content, planned as u64, sha256);
            prop_assert!(content.starts_with(&sent));
            if planned == length {
                prop_assert!(result.is_ok());
                prop_assert_eq!(sent.len(), length);
            } else {
                let length_differs = matches!(
                    result,
                    Err(Fault::Differs(ContentDiffers::Length { .. }))
                );
                prop_assert!(length_differs);
                prop_assert!(planned == 0 || sent.len() < planned);
            }
        }
    }

    #[test]
    fn a_changed_last_byte_holds_the_last_chunk_back() {
        for length in [1, CHUNK, CHUNK + 1, 2 * CHUNK] {
            let mut content = vec![7; length];
            let sha256 = Sha256::of(&content);
            content[length - 1] = 8;
            let (sent, result) = pumped(&content, length as u64, sha256);
            assert!(matches!(
                result,
                Err(Fault::Differs(ContentDiffers::Sha256 { .. }))
            ));
            assert!(sent.len() < length);
        }
    }

    struct Panics;

    impl Read for Panics {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("a reader that panics, on purpose");
        }
    }

    struct Breaks;

    impl Read for Breaks {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("bad sector"))
        }
    }

    async fn ends_with_an_error(
        reader: impl Read + Send + 'static,
        planned: &[u8],
    ) -> &'static str {
        let fault = FaultCell::default();
        let stream = guarded(
            Box::new(reader),
            planned.len() as u64,
            Sha256::of(planned),
            Arc::clone(&fault),
        );
        let items: Vec<_> = stream.collect().await;
        assert!(matches!(items.as_slice(), [Err(_)]), "{items:?}");
        match fault.get() {
            Some(Fault::Differs(_)) => "differs",
            Some(Fault::Unreadable(_)) => "unreadable",
            None => "no fault",
        }
    }

    #[tokio::test]
    async fn a_stream_that_is_not_whole_ends_with_an_error() {
        assert_eq!(ends_with_an_error(&b"abd"[..], b"abc").await, "differs");
        assert_eq!(ends_with_an_error(&b"a"[..], b"").await, "differs");
        assert_eq!(ends_with_an_error(Breaks, b"abc").await, "unreadable");
        assert_eq!(ends_with_an_error(Panics, b"abc").await, "no fault");
        assert_eq!(ends_with_an_error(Panics, b"").await, "no fault");
    }

    #[tokio::test]
    async fn the_right_content_arrives_in_order() {
        let content: Vec<u8> = (0..=255).cycle().take(5 * CHUNK + 1).collect();
        let stream = guarded(
            Box::new(io::Cursor::new(content.clone())),
            content.len() as u64,
            Sha256::of(&content),
            FaultCell::default(),
        );
        let arrived: Vec<Bytes> = stream.map(Result::unwrap).collect().await;
        assert_eq!(arrived.concat(), content);
    }
}
