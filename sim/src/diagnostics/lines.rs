use rehearsal_engine::source::Position;

/// Bytes between two points whose characters are counted ahead.
const STRIDE: usize = 1024;

/// A text prepared for finding many positions in it, also when all of it is one line.
pub struct Lines<'t> {
    text: &'t str,
    /// The byte at which each line starts.
    starts: Vec<usize>,
    /// The characters before each stride.
    characters: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Prepares a text.
    pub fn of(text: &'t str) -> Lines<'t> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut characters = vec![0];
        let mut count = 0;
        for stride in text.as_bytes().chunks(STRIDE) {
            count += stride.iter().filter(|byte| starts_character(**byte)).count();
            characters.push(count);
        }
        Lines { text, starts, characters }
    }

    /// The line and column of byte `offset`.
    pub fn position(&self, offset: u32) -> Position {
        let offset = (offset as usize).min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        Position { line, column: self.characters_before(offset) - self.characters_before(start) + 1 }
    }

    /// How many characters start before byte `offset`, one that `offset` is inside of left out.
    fn characters_before(&self, offset: usize) -> usize {
        let mut offset = offset;
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let stride = offset / STRIDE;
        let rest = &self.text.as_bytes()[stride * STRIDE..offset];
        self.characters[stride] + rest.iter().filter(|byte| starts_character(**byte)).count()
    }
}

fn starts_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_that_counting_gives() {
        let text = format!("é\n{}\r\n\n{}ö", "ü".repeat(3000), "x\u{1F600}".repeat(700));
        let lines = Lines::of(&text);
        for offset in (0..text.len() as u32 + 3).step_by(7) {
            assert_eq!(lines.position(offset), Position::of(&text, offset), "{offset}");
        }
    }
}
