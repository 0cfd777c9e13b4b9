//! Which colour has a part of the time, of threads or of PUs?
//!
//! The same in timelines, bars and reports, measured or simulated, so that what spins is seen to.

use super::canvas::Color;

/// The colour of the part called `name`.
// Source: Okabe and Ito, "Color Universal Design", https://jfly.uni-koeln.de/color/
pub fn color(name: &str) -> Color {
    match name {
        "spin" => Color(213, 94, 0),
        "yield" => Color(230, 159, 0),
        // What the kernel does for the threads.
        "switch" | "system" => Color(204, 121, 167),
        "queued" => Color(247, 214, 220),
        "blocked" | "idle" => Color(190, 190, 190),
        "throttled" => Color(0, 158, 115),
        // The simulator's "compute", and user time, which may hold waiting that nobody counted.
        _ => Color(0, 114, 178),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::trace::Activity;
    use crate::sim::Category;
    use crate::text::Named;

    #[test]
    fn no_two_parts_of_a_figure_look_alike() {
        let colors = |names: &[&str]| -> std::collections::BTreeSet<_> {
            let parts = names.iter().map(|name| color(name));
            parts.map(|Color(r, g, b)| (r, g, b)).collect()
        };
        assert_eq!(
            colors(&["user", "spin", "yield", "system", "idle"]).len(),
            5
        );
        let simulated: Vec<&str> = Category::all().map(Category::name).collect();
        assert_eq!(colors(&simulated).len(), simulated.len());
        let activities: Vec<&str> = Activity::all().map(Activity::name).collect();
        assert_eq!(colors(&activities[..6]).len(), 6);
    }
}
