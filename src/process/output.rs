//! What did a process say at the end?
//!
//! Its output is read to the end by a thread, so that a flood blocks nobody, and its last part is
//! kept, so that it fills nothing.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, bounded};

use super::wait::{Stop, next};

/// Part of an output that is kept [bytes]: metrics and last words stand at its end.
const KEPT: usize = 1 << 20;

/// Time after the death of a process to read what it wrote before. Mostly its output ends at once; but
/// on a busy machine the thread that reads waits for a CPU, and something of its tree may hold it open.
pub(super) const OUTPUT_GRACE: Duration = Duration::from_secs(5);

/// The output of a process, while it is being read.
#[derive(Debug)]
pub(super) struct OutputTail(Receiver<Vec<u8>>);

impl OutputTail {
    /// Reads `pipe` to its end.
    ///
    /// # Errors
    ///
    /// If there is no thread to read with.
    pub(super) fn of(pipe: Option<impl Read + Send + 'static>) -> io::Result<Self> {
        let (tell, tail) = bounded(1);
        // Nobody asks for what a process said that has answered.
        thread::Builder::new().spawn(move || tell.send(pipe.map(last_part).unwrap_or_default()))?;
        Ok(Self(tail))
    }

    /// The last part of it, if nobody can write more before `deadline`.
    pub(super) fn read(&self, deadline: Instant) -> Option<String> {
        let bytes = next(&self.0, &Stop::default(), deadline).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The last bytes of what comes from `pipe`, which is read to its end.
fn last_part(mut pipe: impl Read) -> Vec<u8> {
    let mut tail = VecDeque::new();
    let mut part = vec![0; 1 << 16];
    // An unreadable pipe is one without a writer.
    while let Ok(length @ 1..) = pipe.read(&mut part) {
        tail.extend(&part[..length]);
        tail.drain(..tail.len().saturating_sub(KEPT));
    }
    tail.into()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::clock;

    #[test]
    fn the_end_of_a_flood_is_kept() {
        let (reader, mut writer) = io::pipe().unwrap();
        let tail = OutputTail::of(Some(reader)).unwrap();
        for _ in 0..40 {
            writer.write_all(&[b'x'; 1 << 16]).unwrap();
        }
        writer.write_all(b"\nlast\n").unwrap();
        assert_eq!(tail.read(clock::now()), None, "somebody may write more");
        drop(writer);
        let said = tail.read(clock::now() + Duration::from_secs(60)).unwrap();
        assert_eq!(said.len(), KEPT);
        assert!(said.ends_with("x\nlast\n"));
    }
}
