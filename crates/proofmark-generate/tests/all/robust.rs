//! Texts of strangers, changed at random from a seed: whatever they are, nothing panics, and what comes out keeps its rules.

use proofmark_generate::{Client, Generators, Target, extract};

const TEXTS: [&str; 3] = [
    "Here:\n\n`src/gcd.c`:\n```c\nint gcd(int a, int b) { return b ? gcd(b, a % b) : a; }\n```\n~~~~h file=\"gcd.h\"\nint gcd(int, int);\n~~~~\n",
    "```c\n// ../contract.toml\nint gcd;\n```\n### main.c:\n````C {title=main.c}\n```\n````\n```toml policies/x.cedar\n```\n",
    "generators = 1\n[generator.a]\nkind = \"openai\"\nendpoint = \"https://h/v1\"\nmodel = \"m\"\nkey = { env = \"KEY\" }\nbudget = { tokens = 5 }\n[generator.b]\nkind = \"command\"\ncommand = [\"x\"]\n",
];
const PIECES: [&str; 20] = [
    "```", "~~~", "`", "\n", "\r", "..", "/", "\\", ".c", "\u{0}", "\u{202e}", "é", " ", "=", "\"", "{", "}", ":", "[",
    "main.c",
];

/// A generator of numbers with a period that is long enough (Marsaglia, Xorshift RNGs, 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    /// The text with a few characters taken out, put in, or doubled.
    fn changed(&mut self, text: &str) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(6) {
            let at = self.below(characters.len());
            let until = (at + self.below(20)).min(characters.len());
            match self.below(3) {
                0 => drop(characters.drain(at..until)),
                1 => drop(characters.splice(at..at, PIECES[self.below(PIECES.len())].chars())),
                _ => {
                    let part = characters[at..until].to_vec();
                    drop(characters.splice(at..at, part));
                }
            }
        }
        characters.into_iter().collect()
    }
}

#[test]
fn replies_give_plain_names_and_texts_or_an_error() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut taken = 0;
    for nth in 0..20_000 {
        let reply = random.changed(TEXTS[nth % 2]);
        let Ok(sources) = extract(&reply, Target::C, &["gcd".to_owned()]) else { continue };
        taken += 1;
        assert!(!sources.files.is_empty());
        for file in sources.files {
            let plain = |part: &str| {
                let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
                !part.is_empty() && !part.starts_with(['.', '-']) && part.bytes().all(is_plain)
            };
            assert!(file.name.split('/').all(plain), "{:?}", file.name);
            assert!(file.name.ends_with(".c") || file.name.ends_with(".h"), "{:?}", file.name);
            assert!(!file.text.trim().is_empty() && !file.text.contains(['\0', '\r', '\u{1b}']));
            let lines: Vec<&str> = reply.lines().collect();
            assert!(file.text.lines().all(|line| lines.contains(&line)), "nothing but the reply's own lines");
        }
    }
    assert!(taken > 1000, "{taken} of 20,000 hold code");
}

#[test]
fn settings_are_read_or_refused_with_places() {
    let mut random = Random(7);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        match Generators::parse(&random.changed(TEXTS[2])) {
            Ok(_) => read += 1,
            Err(problems) => {
                refused += 1;
                assert!(!problems.is_empty() && problems.iter().all(|problem| problem.line > 0 && problem.column > 0));
            }
        }
    }
    assert!(read > 100 && refused > 100, "{read} read, {refused} refused");
}

#[test]
fn a_client_may_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Client>();
}
