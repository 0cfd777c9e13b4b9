//! How is a matrix filled?
//!
//! Every member has a part of the rows as memory of its own. *Again* writes it over and over;
//! *fresh* gives it back and maps new memory for every task, so that every page is touched first
//! within the task.

use std::io;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pulp::Arch;

use super::memory::{LARGE, Memory};
use super::number::Number;
use super::stream::fill_past_caches;
use super::{Kernel, WrongResult};
use crate::experiment::{Computation, Share};

/// Which memory a task fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pages {
    /// The same as the task before.
    Again,
    /// Memory that nobody touched.
    Fresh,
}

/// What a matrix is full of.
const VALUE: i8 = 3;

struct Fill<T> {
    pages: Pages,
    /// Elements of each member.
    shares: Vec<usize>,
    parts: Vec<Mutex<Memory<T>>>,
}

pub(super) fn kernel<T: Number>(
    computation: &Computation,
    width: NonZeroU32,
    pages: Pages,
) -> io::Result<Arc<dyn Kernel>> {
    let n = computation.n().get() as usize;
    let members = Share::all(width.get() as usize);
    let shares: Vec<usize> = members.map(|share| n * share.range(n).len()).collect();
    let map = |elements: &usize| Memory::map(*elements).map(Mutex::new);
    let fill: Fill<T> = Fill {
        pages,
        parts: shares.iter().map(map).collect::<io::Result<_>>()?,
        shares,
    };
    // The calling thread touches it first.
    fill.spoil();
    Ok(Arc::new(fill))
}

impl<T> Fill<T> {
    fn part(&self, member: usize) -> MutexGuard<'_, Memory<T>> {
        // A panic elsewhere leaves numbers, perhaps wrong ones; `verify` is there to see that.
        let part = self.parts[member].lock();
        part.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    /// Writes `value` all over `memory`. What is used again and larger than a core's own caches is
    /// written past them; fresh pages are in a cache, since the system has just zeroed them.
    fn fill<T: Number>(self, memory: &mut [T], value: i8) {
        let value = T::of(value);
        match self {
            Self::Again if size_of_val(memory) >= LARGE => fill_past_caches(memory, value),
            Self::Again | Self::Fresh => Arch::new().dispatch(|| memory.fill(value)),
        }
    }
}

impl<T: Number> Kernel for Fill<T> {
    fn width(&self) -> NonZeroU32 {
        NonZeroU32::new(self.parts.len() as u32).unwrap_or(NonZeroU32::MIN)
    }

    fn phases(&self) -> u32 {
        1
    }

    /// # Panics
    ///
    /// If the system has no memory left; the team makes a failed row of it.
    fn work(&self, _phase: u32, member: u32) {
        let member = member as usize;
        let mut part = self.part(member);
        if self.pages == Pages::Fresh {
            *part = Memory::default();
            *part = Memory::map(self.shares[member]).expect("no memory can be mapped");
        }
        self.pages.fill(&mut part, VALUE);
    }

    fn spoil(&self) {
        for member in 0..self.parts.len() {
            match self.pages {
                Pages::Again => self.pages.fill(&mut self.part(member), -VALUE),
                Pages::Fresh => *self.part(member) = Memory::default(),
            }
        }
    }

    fn verify(&self) -> Result<(), WrongResult> {
        for (member, elements) in self.shares.iter().enumerate() {
            let part = self.part(member);
            let wrong = part.iter().position(|element| *element != T::of(VALUE));
            if let Some(at) = wrong.or((part.len() < *elements).then_some(part.len())) {
                let got = part.get(at).copied();
                return Err(WrongResult {
                    at: format!("element {at} of member {member}"),
                    got: got.map_or(f64::NAN, |got| T::total(got.plus(T::NONE))),
                    expected: VALUE.into(),
                });
            }
        }
        Ok(())
    }
}
