//! Makes bytes that an artifact wrote safe to show on a terminal.
//!
//! A terminal obeys what it is sent: an escape sequence can hide lines, rename the window, answer questions as if
//! typed, or make a refusal look like a pass. So nothing that a terminal or a reader's eye would obey passes through.

use std::fmt::Write;

/// `bytes` as text in which only line feeds and tabs steer. Everything else that steers or hides is written out:
/// `\x1b` for a byte, `\u{202e}` for a character.
#[must_use]
pub fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if !steers(character) {
                text.push(character);
            } else if let Ok(byte @ 0..=0x7f) = u8::try_from(u32::from(character)) {
                written(&mut text, byte);
            } else {
                // Formatting into a string can't fail.
                let _ = write!(text, "\\u{{{:x}}}", u32::from(character));
            }
        }
        chunk.invalid().iter().for_each(|byte| written(&mut text, *byte));
    }
    text
}

fn written(text: &mut String, byte: u8) {
    let _ = write!(text, "\\x{byte:02x}");
}

/// Control characters, and characters that reorder, hide or join what stands around them (Unicode's `Cf`, the line and
/// paragraph separators, the blank Hangul fillers, variation selectors beyond the two common ones).
fn steers(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{3164}' | '\u{ffa0}' => true,
        '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' => true,
        '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' => true,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        '\u{fe00}'..='\u{fe0d}' | '\u{fff9}'..='\u{fffb}' => true,
        '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}' => true,
        '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' => true,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_stays_as_it_is() {
        let text = "naïve\tcafé 東京 🙂\u{fe0f}\nsecond line \\x1b";
        assert_eq!(printable(text.as_bytes()), text);
    }

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        let cases: [(&[u8], &str); 8] = [
            (b"\x1b[2J\x1b[1;1Hpassed", "\\x1b[2J\\x1b[1;1Hpassed"),
            (b"\x1b]0;title\x07", "\\x1b]0;title\\x07"),
            (b"refused\rpassed ", "refused\\x0dpassed "),
            (b"a\x08b\x7f\x00", "a\\x08b\\x7f\\x00"),
            // CSI as one character of C1, and the same byte outside UTF-8.
            ("\u{9b}31m".as_bytes(), "\\u{9b}31m"),
            (b"\x9b31m", "\\x9b31m"),
            ("a\u{202e}b\u{200b}c\u{2028}".as_bytes(), "a\\u{202e}b\\u{200b}c\\u{2028}"),
            (b"\xf0\x9f\x99", "\\xf0\\x9f\\x99"),
        ];
        for (bytes, shown) in cases {
            assert_eq!(printable(bytes), shown);
        }
    }

    proptest! {
        #[test]
        fn nothing_that_steers_passes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = printable(&bytes);
            prop_assert!(!text.chars().any(steers));
            prop_assert!(text.len() <= bytes.len().saturating_mul(6));
        }

        #[test]
        fn no_character_that_steers_passes(text in "\\PC{0,20}|.{0,20}|[\u{2000}-\u{2100}\u{80}-\u{a0}]{0,20}") {
            prop_assert!(!printable(text.as_bytes()).chars().any(steers));
        }
    }
}
