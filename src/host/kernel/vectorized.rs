//! Which vector unit does a loop run on?

use pulp::{Arch, NullaryFnOnce};

use super::number::Number;

/// Runs `op`, a loop over numbers of type `T` that is marked `#[inline(always)]`, in a version for a
/// vector unit of this machine: the widest for whole numbers, and for floats one of 256 bit.
//
// Of floats that come from memory, a thread with registers of 256 bit gets more in a second than
// with those of 512 (a dot product by 1.1, docs/performance.md).
#[inline(always)]
pub(super) fn vectorized<T: Number, R>(op: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if !T::IN_ANY_ORDER
        && let Some(unit) = pulp::x86::V3::try_new()
    {
        return unit.vectorize(Loop(op));
    }
    Arch::new().dispatch(Loop(op))
}

struct Loop<F>(F);

impl<R, F: FnOnce() -> R> NullaryFnOnce for Loop<F> {
    type Output = R;

    #[inline(always)]
    fn call(self) -> R {
        (self.0)()
    }
}
