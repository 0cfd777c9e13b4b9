//! Which colour does a cause get?
//!
//! Causes have no order, so their colours differ in hue, and stay apart for colour-blind readers;
//! the letter in the cell says the same without colour.
//
// --- Implementation ---
// Source: Paul Tol, "Colour Schemes", SRON/EPS/TN/09-002, issue 3.2, qualitative schemes "muted" and, for
// two more hues, "light".

use crate::analysis::Cause;
use crate::view::canvas::Color;

/// The ground of a cell with this cause.
pub fn color(cause: Cause) -> Color {
    match cause {
        Cause::Spinning => Color(0x88, 0x22, 0x55),
        Cause::SpinningSuspected => Color(0xff, 0xaa, 0xbb),
        Cause::TimeSliced => Color(0xdd, 0xcc, 0x77),
        Cause::Throttled => Color(0x33, 0x22, 0x88),
        Cause::Bandwidth => Color(0x88, 0xcc, 0xee),
        Cause::TooSmall => Color(0x11, 0x77, 0x33),
        Cause::Lock => Color(0xaa, 0x44, 0x99),
        Cause::Straggler => Color(0x44, 0xaa, 0x99),
        Cause::RemoteMemory => Color(0x99, 0x99, 0x33),
        Cause::TooFewThreads => Color(0xcc, 0x66, 0x77),
        Cause::Hang => Color(0x22, 0x22, 0x22),
        Cause::OtherThreads => Color(0xee, 0x88, 0x66),
        Cause::Noise => Color(0xdd, 0xdd, 0xdd),
        // Neither is a cause; they stand back.
        Cause::None => Color(0xf6, 0xf6, 0xf6),
        Cause::Unexplained => Color(0xbb, 0xbb, 0xbb),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Named;
    use crate::view::scale::{luminance, text_on};

    #[test]
    fn every_letter_can_be_read_and_no_two_causes_look_alike() {
        let mut seen = std::collections::BTreeSet::new();
        for cause in Cause::all() {
            let Color(r, g, b) = color(cause);
            assert!(seen.insert((r, g, b)), "{cause}");
            let (a, b) = (luminance(color(cause)), luminance(text_on(color(cause))));
            // Source: WCAG 2.1, success criterion 1.4.3: at least 4.5 : 1.
            assert!((a.max(b) + 0.05) / (a.min(b) + 0.05) >= 4.5, "{cause}");
        }
    }
}
