//! Small valid JPEG files: eight by eight grey pixels, with EXIF data in either byte order.

/// What a camera says about a picture.
#[derive(Debug, Clone, Default)]
pub struct Exif {
    pub order: Order,
    /// DateTimeOriginal: when the picture was taken.
    pub taken: Option<String>,
    /// DateTime: when the file was made.
    pub made: Option<String>,
    /// The camera's maker, so that data does not always stand at the same place.
    pub maker: Option<String>,
}

/// The order of bytes in EXIF data.
#[derive(Debug, Clone, Copy, Default)]
pub enum Order {
    #[default]
    Little,
    Big,
}

const ASCII: u16 = 2;
const LONG: u16 = 4;

/// A picture of one shade (0 to 1023) with a comment that makes its content its own.
pub fn picture(comment: &str, shade: u16, exif: Option<&[u8]>) -> Vec<u8> {
    let mut jpeg = vec![0xff, 0xd8];
    if let Some(exif) = exif {
        segment(&mut jpeg, 0xe1, &[b"Exif\0\0", exif].concat());
    }
    segment(&mut jpeg, 0xfe, comment.as_bytes());
    // One table of quantisation, all ones; one grey component of 8 by 8.
    segment(&mut jpeg, 0xdb, &[&[0_u8][..], &[1; 64]].concat());
    segment(&mut jpeg, 0xc0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
    // Codes of the usual lengths for the average, and a single code for "no detail".
    let averages = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
    let symbols: Vec<u8> = (0..=11).collect();
    segment(&mut jpeg, 0xc4, &[&[0x00][..], &averages, &symbols].concat());
    segment(&mut jpeg, 0xc4, &[&[0x10, 1][..], &[0; 15], &[0]].concat());
    segment(&mut jpeg, 0xda, &[1, 1, 0, 0, 63, 0]);
    // 11111110 says that ten bits of the average follow, 0 ends the block, ones fill the last byte.
    let bits = 0b1111_1110_u32 << 16 | u32::from(shade & 0x3ff) << 6 | 0b01_1111;
    for byte in bits.to_be_bytes().into_iter().skip(1) {
        jpeg.push(byte);
        if byte == 0xff {
            jpeg.push(0);
        }
    }
    jpeg.extend([0xff, 0xd9]);
    jpeg
}

fn segment(jpeg: &mut Vec<u8>, marker: u8, content: &[u8]) {
    let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX);
    jpeg.extend([0xff, marker]);
    jpeg.extend(length.to_be_bytes());
    jpeg.extend(content);
}

impl Exif {
    /// The TIFF structure: a first directory, a second one if the picture has a time, then their texts.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut first: Vec<(u16, Option<&str>)> = Vec::new();
        first.extend(self.maker.as_deref().map(|text| (0x010f, Some(text))));
        first.extend(self.made.as_deref().map(|text| (0x0132, Some(text))));
        first.extend(self.taken.as_deref().map(|_| (0x8769, None)));
        let second: Vec<(u16, Option<&str>)> = self.taken.iter().map(|text| (0x9003, Some(text.as_str()))).collect();
        let second_at = 8 + directory_bytes(&first);
        let mut texts_at = second_at + if second.is_empty() { 0 } else { directory_bytes(&second) };
        let mut tiff = match self.order {
            Order::Little => b"II".to_vec(),
            Order::Big => b"MM".to_vec(),
        };
        self.number(&mut tiff, 42, 2);
        self.number(&mut tiff, 8, 4);
        let mut texts = Vec::new();
        for directory in [&first, &second].into_iter().filter(|directory| !directory.is_empty()) {
            self.number(&mut tiff, directory.len(), 2);
            for (tag, text) in directory {
                self.entry(&mut tiff, *tag, *text, if text.is_some() { texts_at } else { second_at });
                if let Some(text) = text {
                    texts.extend([text.as_bytes(), &[0]].concat());
                    texts_at += text.len() + 1;
                }
            }
            self.number(&mut tiff, 0, 4);
        }
        tiff.extend(texts);
        tiff
    }

    fn entry(&self, tiff: &mut Vec<u8>, tag: u16, text: Option<&str>, offset: usize) {
        self.number(tiff, usize::from(tag), 2);
        self.number(tiff, usize::from(if text.is_some() { ASCII } else { LONG }), 2);
        self.number(tiff, text.map_or(1, |text| text.len() + 1), 4);
        self.number(tiff, offset, 4);
    }

    fn number(&self, bytes: &mut Vec<u8>, value: usize, size: usize) {
        let all = value.to_le_bytes();
        match self.order {
            Order::Little => bytes.extend(all.iter().take(size)),
            Order::Big => bytes.extend(all.iter().take(size).rev()),
        }
    }
}

fn directory_bytes(entries: &[(u16, Option<&str>)]) -> usize {
    2 + entries.len() * 12 + 4
}
