//! Which colour means what in the picture of a machine?

use crate::machine::ObjectKind;
use crate::view::canvas::{Area, BLACK, Canvas, Color, GREY, Stroke, WHITE};
use crate::view::outline::{KindOfCore, Label};

/// How a box or strip looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// A PU that may be used.
    Pu,
    /// A PU that may not.
    BarredPu,
    /// A core, of which kind where there are several.
    Core(Option<KindOfCore>),
    /// A cache of this level.
    Cache(u8),
    /// A NUMA node.
    NumaNode,
    /// A NUMA node that may not be used.
    BarredNode,
    /// A package, die, group or the machine.
    Container,
}

// Tints of the Okabe-Ito palette, so that neighbours differ for colour-blind readers as well;
// every box also says in words what it is.
// Source: Okabe & Ito, "Color Universal Design" (2008), jfly.uni-koeln.de/color.
const BLUE: Color = Color(0, 114, 178);
const SKY: Color = Color(86, 180, 233);
const ORANGE: Color = Color(230, 159, 0);
const GREEN: Color = Color(0, 158, 115);
const VERMILION: Color = Color(213, 94, 0);
const PURPLE: Color = Color(204, 121, 167);
const YELLOW: Color = Color(240, 228, 66);
const SILVER: Color = Color(190, 190, 190);

/// `color` thinned with white; `share` of it is left, 0 to 1.
fn tint(color: Color, share: f64) -> Color {
    let mix = |part: u8| (255.0 - (255.0 - f64::from(part)) * share).round() as u8;
    Color(mix(color.0), mix(color.1), mix(color.2))
}

/// A colour for each kind of core, the fastest first; from the fifth on, paler ones.
fn kind_ground(kind: KindOfCore) -> Color {
    const COLORS: [Color; 4] = [VERMILION, GREEN, PURPLE, YELLOW];
    let from_fastest = kind.of - 1 - kind.place;
    let (color, turn) = (from_fastest % COLORS.len(), from_fastest / COLORS.len());
    tint(COLORS[color], 0.45 / (1.0 + 0.6 * turn as f64))
}

impl Look {
    pub(super) fn of(label: &Label) -> Self {
        match label.kind {
            ObjectKind::Pu => Self::Pu,
            ObjectKind::Core => Self::Core(label.core_kind),
            ObjectKind::Cache(depth) => Self::Cache(depth),
            ObjectKind::NumaNode if label.disallowed => Self::BarredNode,
            ObjectKind::NumaNode => Self::NumaNode,
            _ => Self::Container,
        }
    }

    pub(super) fn ground(self) -> Color {
        match self {
            Self::Pu => BLUE,
            Self::BarredPu | Self::BarredNode => tint(SILVER, 0.35),
            Self::Core(Some(kind)) => kind_ground(kind),
            Self::Core(None) => tint(SILVER, 0.60),
            Self::Cache(depth) => tint(SKY, 0.10 + 0.15 * f64::from(depth.min(4))),
            Self::NumaNode => tint(ORANGE, 0.45),
            Self::Container => WHITE,
        }
    }

    /// Colour of words on it.
    pub(super) fn ink(self) -> Color {
        match self {
            Self::Pu => WHITE,
            Self::BarredPu | Self::BarredNode => GREY,
            _ => BLACK,
        }
    }

    /// Fills `area` in this look.
    pub(super) fn fill(self, area: Area, canvas: &mut Canvas) {
        canvas.rect(area, self.ground());
        if matches!(self, Self::BarredPu | Self::BarredNode) {
            hatch(area.inset(1.0), canvas);
        }
        if matches!(self, Self::BarredPu | Self::BarredNode | Self::Container) {
            canvas.frame(area, Stroke::new(SILVER, 1.0));
        }
    }

    /// Frames `area` as the box of such an object.
    pub(super) fn outline(self, area: Area, canvas: &mut Canvas) {
        let color = match self {
            Self::Core(_) => self.ground(),
            _ => SILVER,
        };
        canvas.rect(area, WHITE);
        canvas.frame(area, Stroke::new(color, 1.0));
    }
}

/// Rising lines across `area`.
fn hatch(area: Area, canvas: &mut Canvas) {
    const GAP: f64 = 6.0;
    let lines = ((area.width + area.height) / GAP) as u32;
    for i in 1..=lines {
        // A line on which x + y is constant, cut to the area.
        let reach = f64::from(i) * GAP;
        let (left, right) = ((reach - area.height).max(0.0), reach.min(area.width));
        let spot = |x: f64| (area.x + x, area.y + (reach - x).clamp(0.0, area.height));
        canvas.line(&[spot(left), spot(right)], Stroke::new(SILVER, 1.0));
    }
}
