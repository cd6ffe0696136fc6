//! Server-sent events, as far as model endpoints use them: bytes in, events out, bounded.
//!
//! Source: the HTML standard, section "Server-sent events". Identifiers and reconnection have no meaning here.

use std::mem;

use crate::error::Error;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Cuts a stream of bytes into events.
pub(super) struct Events {
    /// Bytes of an unfinished line.
    line: Vec<u8>,
    /// The data of an unfinished event; `None` if it has no line of data yet.
    data: Option<String>,
    /// A carriage return was the last byte, so that a line feed belongs to it.
    after_return: bool,
    is_first_line: bool,
    bytes_max: usize,
}

impl Events {
    /// No line, and no event's data, may have more than so many bytes.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { line: Vec::new(), data: None, after_return: false, is_first_line: true, bytes_max }
    }

    /// Reads on until an event is whole. Returns how many bytes were used, and the event's data if one ended there.
    ///
    /// # Errors
    /// [`Error::TooLarge`], and [`Error::Malformed`] for data that is not UTF-8.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(usize, Option<String>), Error> {
        for (at, byte) in bytes.iter().enumerate() {
            let used = at.saturating_add(1);
            let is_end = match byte {
                b'\n' if mem::take(&mut self.after_return) => continue,
                b'\n' => true,
                b'\r' => {
                    self.after_return = true;
                    true
                }
                byte => {
                    self.after_return = false;
                    self.line.push(*byte);
                    false
                }
            };
            if self.line.len() > self.bytes_max {
                return Err(self.too_large());
            }
            if is_end && let Some(data) = self.end_of_line()? {
                return Ok((used, Some(data)));
            }
        }
        Ok((bytes.len(), None))
    }

    fn end_of_line(&mut self) -> Result<Option<String>, Error> {
        let line = mem::take(&mut self.line);
        let mut line = line.as_slice();
        if mem::take(&mut self.is_first_line) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.is_empty() {
            return Ok(self.data.take());
        }
        let value = match line.strip_prefix(b"data") {
            Some([]) => &[],
            Some([b':', value @ ..]) => value.strip_prefix(b" ").unwrap_or(value),
            // A comment, the kind of an event (which its data say as well), or nothing that is known.
            _ => return Ok(None),
        };
        let value = str::from_utf8(value).map_err(|_| Error::Malformed("it is not UTF-8".to_owned()))?;
        match &mut self.data {
            None => self.data = Some(value.to_owned()),
            Some(data) => {
                data.push('\n');
                data.push_str(value);
            }
        }
        if self.data.as_ref().is_some_and(|data| data.len() > self.bytes_max) {
            return Err(self.too_large());
        }
        Ok(None)
    }

    fn too_large(&self) -> Error {
        Error::TooLarge { what: "an event of the answer", bytes_max: super::exchange::bytes(self.bytes_max) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pieces: &[&[u8]]) -> Result<Vec<String>, Error> {
        let (mut events, mut found) = (Events::new(16), Vec::new());
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let (used, data) = events.read(rest)?;
                found.extend(data);
                rest = &rest[used..];
            }
        }
        Ok(found)
    }

    #[test]
    fn events_are_the_same_however_the_bytes_are_cut() {
        let text =
            "\u{feff}data: a\n\n: comment\r\nevent: x\r\ndata:b\r\ndata: c\r\n\r\nid: 7\rdata\r\rdata:  é\n\ndata: cut";
        let wanted = ["a", "b\nc", "", " é"];
        assert_eq!(all(&[text.as_bytes()]).unwrap(), wanted);
        let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(all(&single).unwrap(), wanted);
        for length in 2..9 {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(length).collect();
            assert_eq!(all(&pieces).unwrap(), wanted, "{length}");
        }
    }

    #[test]
    fn lines_and_events_without_an_end_are_cut_off() {
        let too_large = Err(Error::TooLarge { what: "an event of the answer", bytes_max: 16 });
        assert_eq!(all(&[b": 34567890123456", b"7"]), too_large);
        assert_eq!(all(&[b"data: 12345678\n", b"data: 12345678\n"]), too_large);
        assert_eq!(all(&[b"data: \xff\n\n"]), Err(Error::Malformed("it is not UTF-8".to_owned())));
    }
}
