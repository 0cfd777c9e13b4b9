//! How large is every box, and where does it stand?
//!
//! A [`Block`] is a finished box: pieces at places relative to its upper left corner. A box is made
//! of the finished boxes inside it, so sizes flow from the PUs outwards.

use super::look::Look;
use crate::machine::{CpuSet, PuId};
use crate::view::canvas::{Area, Canvas, Spot, Text};
use crate::view::outline::{Label, Outline};

/// Width over height that boxes aim for.
const ASPECT: f64 = 1.6;

/// Sizes that depend on how much there is to draw [points].
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pu: (f64, f64),
    font: f64,
    gap: f64,
    /// What stands before the number of a PU: nothing where that would not fit.
    pu_word: &'static str,
    /// The largest number of a PU; room for it in every label keeps equal boxes equally wide.
    largest: PuId,
}

impl Scale {
    /// Sizes at which `pus` PUs with numbers up to `largest` are legible and not larger than
    /// needed.
    pub(super) fn of(pus: usize, largest: PuId) -> Self {
        let (pu, font, gap) = match pus {
            0..=16 => ((58.0, 30.0), 13.0, 7.0),
            17..=64 => ((42.0, 22.0), 11.0, 5.0),
            65..=256 => ((30.0, 17.0), 9.5, 4.0),
            _ => ((26.0, 15.0), 9.0, 3.0),
        };
        let fits = Text::new(font).width(&format!("PU {largest}")) + 4.0 <= pu.0;
        let pu_word = if fits { "PU " } else { "" };
        Self {
            pu,
            font,
            gap,
            pu_word,
            largest,
        }
    }

    fn strip(self) -> f64 {
        (self.font * 1.5).round()
    }
}

struct Piece {
    area: Area,
    look: Look,
    part: Part,
    words: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The box around everything.
    Frame,
    /// A filled area with words in its middle.
    Filled,
    /// Words on the frame's ground.
    Words,
}

/// A box and everything inside it.
pub(super) struct Block {
    pub(super) width: f64,
    pub(super) height: f64,
    font: f64,
    pieces: Vec<Piece>,
}

impl Block {
    /// The box of `outline`.
    pub(super) fn of(outline: &Outline, allowed: &CpuSet, scale: Scale) -> Self {
        let parts = outline
            .parts
            .iter()
            .map(|part| Self::of(part, allowed, scale));
        let pus = outline.pus.iter().map(|pu| Self::pu(*pu, allowed, scale));
        let body = grid(parts.chain(pus).collect(), scale);
        let strips = strips(outline);
        let text = Text::new(scale.font);
        let gap = scale.gap;
        let roomiest = outline
            .chain
            .iter()
            .map(|label| label.widest(scale.largest));
        let words = strips
            .iter()
            .map(|(_, words)| words.clone())
            .chain(roomiest);
        let widest = words.map(|words| text.width(&words) + 2.0 * gap);
        let inner = widest.fold(body.width, f64::max);
        let width = inner + 2.0 * gap;
        let mut y = gap;
        let mut pieces = Vec::new();
        for (look, words) in strips {
            let area = Area::new((gap, y), inner, scale.strip());
            let part = if look == Look::Container {
                Part::Words
            } else {
                Part::Filled
            };
            pieces.push(Piece {
                area,
                look,
                part,
                words,
            });
            y += scale.strip() + 2.0;
        }
        y += gap - 2.0;
        let height = y + body.height + gap;
        let look = outline.chain.last().map_or(Look::Container, Look::of);
        let frame = Area::new((0.0, 0.0), width, height);
        pieces.insert(
            0,
            Piece {
                area: frame,
                look,
                part: Part::Frame,
                words: String::new(),
            },
        );
        let middle = (width - body.width) / 2.0;
        pieces.extend(body.moved((middle, y)));
        Self {
            width,
            height,
            font: scale.font,
            pieces,
        }
    }

    fn pu(pu: PuId, allowed: &CpuSet, scale: Scale) -> Self {
        let (width, height) = scale.pu;
        let look = if allowed.contains(pu) {
            Look::Pu
        } else {
            Look::BarredPu
        };
        let words = format!("{}{pu}", scale.pu_word);
        let area = Area::new((0.0, 0.0), width, height);
        let pieces = vec![Piece {
            area,
            look,
            part: Part::Filled,
            words,
        }];
        Self {
            width,
            height,
            font: scale.font,
            pieces,
        }
    }

    fn moved(self, (x, y): Spot) -> impl Iterator<Item = Piece> {
        self.pieces.into_iter().map(move |piece| {
            let Area { width, height, .. } = piece.area;
            let area = Area::new((piece.area.x + x, piece.area.y + y), width, height);
            Piece { area, ..piece }
        })
    }

    /// Draws the box with its upper left corner at `at`.
    pub(super) fn draw(self, at: Spot, canvas: &mut Canvas) {
        let text = Text::new(self.font).middle();
        for Piece {
            area,
            look,
            part,
            words,
        } in self.moved(at)
        {
            match part {
                Part::Frame => look.outline(area, canvas),
                Part::Filled => {
                    look.fill(area, canvas);
                    canvas.text(area.centre(), words, text.color(look.ink()));
                }
                Part::Words => canvas.text(area.centre(), words, text.bold().color(look.ink())),
            }
        }
    }
}

/// What stands above the parts: the box's own names, and the NUMA nodes of its PUs.
fn strips(outline: &Outline) -> Vec<(Look, String)> {
    let words = |label: &Label| match outline.times {
        1 => label.full(),
        times if Some(label) == outline.chain.first() => {
            format!("{times} × {}", label.unnumbered())
        }
        _ => label.unnumbered(),
    };
    let labels = outline.chain.iter().chain(&outline.nodes);
    labels
        .map(|label| (Look::of(label), words(label)))
        .collect()
}

/// `blocks` in rows, in order, as close to [`ASPECT`] as full rows allow.
fn grid(blocks: Vec<Block>, scale: Scale) -> Block {
    let (width, height) = blocks
        .iter()
        .fold((0.0_f64, 0.0_f64), |(width, height), block| {
            (width.max(block.width), height.max(block.height))
        });
    let count = blocks.len();
    let badness = |columns: &usize| {
        let rows = count.div_ceil(*columns);
        let aspect = (*columns as f64 * width) / (rows as f64 * height);
        // An incomplete last row is worse than any aspect but the silliest.
        let ragged = if count.is_multiple_of(*columns) {
            0.0
        } else {
            1.5
        };
        (aspect / ASPECT).ln().abs() + ragged
    };
    let by_badness = |a: &usize, b: &usize| badness(a).total_cmp(&badness(b));
    let columns = (1..=count).min_by(by_badness).unwrap_or(1);
    let mut grid = Block {
        width: 0.0,
        height: 0.0,
        font: scale.font,
        pieces: Vec::new(),
    };
    let mut rest = blocks.into_iter().peekable();
    while rest.peek().is_some() {
        let (mut x, mut row_height) = (0.0, 0.0_f64);
        let y = if grid.height > 0.0 {
            grid.height + scale.gap
        } else {
            0.0
        };
        for block in rest.by_ref().take(columns) {
            let (block_width, block_height) = (block.width, block.height);
            grid.pieces.extend(block.moved((x, y)));
            // Boxes of about one size stand in columns.
            let alike = block_width > 0.6 * width;
            x += if alike { width } else { block_width } + scale.gap;
            row_height = row_height.max(block_height);
        }
        grid.width = grid.width.max(x - scale.gap);
        grid.height = y + row_height;
    }
    grid
}
