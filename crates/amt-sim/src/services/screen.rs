//! What the screen of a simulated PC shows: a picture that moves, drawn when somebody looks.

use amt::rfb::{Rectangle, Rgb, TILE};
use font8x8::legacy::BASIC_LEGACY;

/// Characters are 8×16: each row of the font twice.
const CHARACTER: (usize, usize) = (8, 16);
/// The moving block.
const BLOCK: usize = 40;
/// The colours; pixels are kept as their numbers.
const PALETTE: [Rgb; 7] = [
    Rgb(0, 0, 0),
    Rgb(255, 255, 255),
    Rgb(0, 113, 197),
    Rgb(16, 40, 72),
    Rgb(255, 200, 0),
    Rgb(220, 60, 50),
    Rgb(60, 190, 90),
];
const BLACK: u8 = 0;
const WHITE: u8 = 1;
const BLUE: u8 = 2;
const NIGHT: u8 = 3;
const YELLOW: u8 = 4;
const RED: u8 = 5;
const GREEN: u8 = 6;

/// What is to be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scene {
    /// Which of the pictures.
    pub(super) mode: Mode,
    /// The PC's name.
    pub(super) name: String,
    /// Lines about its state.
    pub(super) state: Vec<String>,
    /// What was typed.
    pub(super) typed: String,
    /// Pointer and its buttons.
    pub(super) pointer: Option<(u16, u16, u8)>,
    /// Counts tenths of seconds; moves the block.
    pub(super) tick: u64,
}

/// The pictures, each with its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// No power: black, as nothing draws.
    Dark,
    /// Before the operating system.
    Firmware,
    /// The operating system.
    Desktop,
}

impl Mode {
    pub(super) const fn size(self) -> (u16, u16) {
        match self {
            Self::Dark | Self::Firmware => (640, 480),
            Self::Desktop => (800, 600),
        }
    }
}

/// A drawn picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Picture {
    /// Draws a scene on a screen of this size.
    pub(super) fn draw(scene: &Scene, (width, height): (u16, u16)) -> Self {
        let (width, height) = (usize::from(width), usize::from(height));
        let ground = match scene.mode {
            Mode::Dark => BLACK,
            Mode::Firmware => NIGHT,
            Mode::Desktop => BLUE,
        };
        let mut picture = Self { width, height, pixels: vec![ground; width * height] };
        if scene.mode == Mode::Dark {
            return picture;
        }
        picture.moving_block(scene.tick);
        picture.fill(0, 0, width, 32, NIGHT);
        picture.text(16, 8, &scene.name, YELLOW);
        let columns = (width - 32) / CHARACTER.0;
        let lines = scene.state.iter().flat_map(|text| wrapped(text, columns));
        for (line, text) in lines.enumerate() {
            picture.text(16, 48 + line * 20, &text, WHITE);
        }
        picture.typed(&scene.typed);
        if let Some((x, y, buttons)) = scene.pointer {
            let colour = if buttons == 0 { WHITE } else { RED };
            picture.fill(x.into(), y.into(), 10, 10, colour);
        }
        picture
    }

    /// It goes to and fro both ways, a little each tenth of a second.
    fn moving_block(&mut self, tick: u64) {
        let bounce = |length: usize, step: u64| {
            let room = length.saturating_sub(BLOCK).max(1);
            let far = usize::try_from(tick.wrapping_mul(step) % (2 * room as u64)).unwrap_or(0);
            if far < room { far } else { 2 * room - far }
        };
        let (x, y) = (bounce(self.width, 7), bounce(self.height, 5));
        self.fill(x, y, BLOCK, BLOCK, GREEN);
    }

    /// What was typed, in the lower half, with a cursor behind it.
    fn typed(&mut self, typed: &str) {
        let top = self.height / 2;
        let columns = (self.width - 32) / CHARACTER.0;
        let rows = (self.height - top - 48) / CHARACTER.1;
        self.fill(16, top, self.width - 32, self.height - top - 16, BLACK);
        let mut lines: Vec<String> = vec![String::new()];
        for character in typed.chars() {
            let full = lines.last().is_some_and(|line| line.chars().count() >= columns - 1);
            if character == '\n' || full {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut().filter(|_| character != '\n') {
                line.push(character);
            }
        }
        let skipped = lines.len().saturating_sub(rows);
        for (row, line) in lines.iter().skip(skipped).enumerate() {
            let y = top + 8 + row * CHARACTER.1;
            self.text(24, y, line, GREEN);
            if row + skipped + 1 == lines.len() {
                self.fill(24 + line.chars().count() * CHARACTER.0, y + 12, 8, 2, GREEN);
            }
        }
    }

    fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, colour: u8) {
        let (right, bottom) = ((x + width).min(self.width), (y + height).min(self.height));
        for row in y..bottom {
            let line = row * self.width;
            if let Some(pixels) = self.pixels.get_mut(line + x.min(right)..line + right) {
                pixels.fill(colour);
            }
        }
    }

    fn text(&mut self, x: usize, y: usize, text: &str, colour: u8) {
        for (column, character) in text.chars().enumerate() {
            let glyph = u32::from(character) as usize;
            let glyph = BASIC_LEGACY.get(glyph).or(BASIC_LEGACY.get(usize::from(b'?')));
            let Some(glyph) = glyph else { continue };
            for row in 0..CHARACTER.1 {
                let bits = glyph.get(row / 2).copied().unwrap_or_default();
                for bit in (0..8).filter(|bit| bits >> bit & 1 == 1) {
                    let (x, y) = (x + column * CHARACTER.0 + bit, y + row);
                    self.fill(x, y, 1, 1, colour);
                }
            }
        }
    }

    /// The size.
    pub(super) fn size(&self) -> (u16, u16) {
        let number = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
        (number(self.width), number(self.height))
    }

    /// The tiles of the grid that reach into `area` and differ from what was seen before.
    pub(super) fn tiles(&self, area: Rectangle, before: Option<&Self>) -> Vec<Rectangle> {
        let before = before.filter(|before| before.size() == self.size());
        let (width, height) = self.size();
        let mut tiles = Vec::new();
        for y in (0..height).step_by(usize::from(TILE)) {
            for x in (0..width).step_by(usize::from(TILE)) {
                let tile =
                    Rectangle { x, y, width: TILE.min(width - x), height: TILE.min(height - y) };
                let differs = before.is_none_or(|before| !before.lines(tile).eq(self.lines(tile)));
                if differs && tile.overlaps(area) {
                    tiles.push(tile);
                }
            }
        }
        tiles
    }

    fn lines(&self, tile: Rectangle) -> impl Iterator<Item = &[u8]> {
        let (x, width) = (usize::from(tile.x), usize::from(tile.width));
        let rows = usize::from(tile.y)..usize::from(tile.y) + usize::from(tile.height);
        rows.filter_map(move |row| {
            let start = row * self.width + x;
            self.pixels.get(start..start + width)
        })
    }

    /// The colours of a tile, row by row.
    pub(super) fn colours(&self, tile: Rectangle) -> impl Iterator<Item = Rgb> {
        let colour = |number: &u8| PALETTE.get(usize::from(*number)).copied().unwrap_or_default();
        self.lines(tile).flat_map(move |line| line.iter().map(colour))
    }
}

/// Pieces of a line that fit.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(columns.max(1)).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene() -> Scene {
        Scene {
            mode: Mode::Desktop,
            name: "pc-01".into(),
            state: vec!["on".into()],
            typed: String::new(),
            pointer: None,
            tick: 0,
        }
    }

    fn drawn(scene: &Scene) -> Picture {
        Picture::draw(scene, scene.mode.size())
    }

    #[test]
    fn typing_pointing_and_time_each_change_the_picture_and_nothing_else_does() {
        let before = drawn(&scene());
        let whole = Rectangle::of_size(800, 600);
        assert_eq!(drawn(&scene()).tiles(whole, Some(&before)), []);
        for other in [
            Scene { typed: "a".into(), ..scene() },
            Scene { pointer: Some((400, 200, 0)), ..scene() },
            Scene { tick: 9, ..scene() },
            Scene { name: "pc-02".into(), ..scene() },
        ] {
            let tiles = drawn(&other).tiles(whole, Some(&before));
            assert!(
                !tiles.is_empty() && tiles.len() < 60,
                "{other:?} changes {} tiles",
                tiles.len()
            );
        }
    }

    #[test]
    fn a_picture_of_another_size_is_new_as_a_whole_and_tiles_stay_inside() {
        let dark = Scene { mode: Mode::Dark, ..scene() };
        let (small, large) = (drawn(&dark), drawn(&scene()));
        let tiles = large.tiles(Rectangle::of_size(800, 600), Some(&small));
        assert_eq!(tiles.len(), 13 * 10);
        assert!(tiles.iter().all(|t| t.x + t.width <= 800 && t.y + t.height <= 600));
        let corner = Rectangle { x: 70, y: 0, width: 1, height: 1 };
        assert_eq!(large.tiles(corner, None).len(), 1);
    }

    #[test]
    fn odd_texts_and_pointers_outside_are_drawn_without_harm() {
        let odd = Scene {
            typed: "äöü\u{1F600}\n".repeat(400),
            pointer: Some((u16::MAX, u16::MAX, 7)),
            name: "n".repeat(500),
            ..scene()
        };
        assert_eq!(drawn(&odd).size(), (800, 600));
    }
}
