//! Contracts of programs: two whole ones, what is wrong with others, and where.

use proofmark_contract::egress::path::Path;
use proofmark_contract::egress::{Egress, Scheme};
use proofmark_contract::generate::{Dictionary, Source};
use proofmark_contract::{Arguments, Change, Contract, Fact, FactKind, Flag, Form, Tree};
use proptest::prelude::*;

use super::problems::rendered;
use super::robust::{exchanged, fragment, survives};

/// A program that moves photos into folders by year and month.
const PHOTOS: &str = r#"
contract = 1
name = "photos"
intent = """
Move every photo under /photos into YEAR/MONTH folders by the date in its EXIF data, or in "undated" if it has none.
No photo may be lost or changed, whatever its name is.
"""

[interface.process]
arguments = ["/photos"]
files = "/photos"
stdout = "string"

[[example]]
call = '''
run([
  {path: "a.jpg", mode: 420, modified: 1577836800, node: text("no EXIF at all")},
  {path: "b.jpg", mode: 292, modified: 1577836801, node: file([255, 216, 255, 217])},
  {path: "copy.jpg", mode: 420, modified: 1577836800, node: hard-link("a.jpg")},
  {path: "elsewhere", mode: 511, modified: 1, node: symlink("/etc")},
])
'''
returns = '''
{
  code: 0,
  stdout: "",
  files: [
    {path: "elsewhere", mode: 511, modified: 1, node: symlink("/etc")},
    {path: "undated/a.jpg", mode: 420, modified: 1577836800, node: text("no EXIF at all")},
    {path: "undated/b.jpg", mode: 292, modified: 1577836801, node: file([255, 216, 255, 217])},
    {path: "undated/copy.jpg", mode: 420, modified: 1577836800, node: hard-link("undated/a.jpg")},
  ],
}
'''

[[property]]
name = "succeeds"
of = "run"
ensures = "result.code == 0u"

[[property]]
name = "keeps every content"
of = "run"
ensures = "sets.contains(result.files.filter(e, has(e.node.file)).map(e, e.node.file), files.filter(e, has(e.node.file)).map(e, e.node.file))"

[[property]]
name = "a second run changes nothing"
of = "run"
ensures = "run(result.files).files == result.files"

[[invariant]]
name = "every content is still there"
holds = "sets.contains(after.map(f, f.sha256), before.map(f, f.sha256))"

[[invariant]]
name = "modes and times of files are kept"
holds = """
sets.contains(
  after.filter(f, f.kind == 'file').map(f, [f.sha256, string(f.mode), string(f.modified)]),
  before.filter(f, f.kind == 'file').map(f, [f.sha256, string(f.mode), string(f.modified)]))
"""

[[invariant]]
name = "no file more and no file less"
holds = "after.filter(f, f.kind == 'file').size() == before.filter(f, f.kind == 'file').size()"

[[invariant]]
name = "files are nowhere but in YEAR/MONTH and undated"
holds = '''after.all(f, f.kind != 'file' || f.path.matches('^([0-9]{4}/(0[1-9]|1[0-2])|undated)/[^/]+$'))'''

[[invariant]]
name = "symbolic links are as they were"
of = "/photos"
holds = "after.filter(f, f.kind == 'symlink') == before.filter(f, f.kind == 'symlink')"

[capabilities]
write = ["/photos"]
libraries = ["libc.so.6", "ld-linux-x86-64.so.2"]
"#;

/// A filter.
const SORT: &str = r#"
contract = 1
name = "sort"
intent = "Sort the lines of standard input by their bytes. Every line of the output ends with a newline."

[interface.process]
stdin = "string"
stdout = "string"

[[example]]
call = 'run("b\na\nc")'
returns = '{code: 0, stdout: "a\nb\nc\n"}'

[[example]]
call = 'run("")'
returns = '{code: 0, stdout: ""}'

[[property]]
name = "succeeds"
of = "run"
ensures = "result.code == 0u"

[[property]]
name = "sorting again changes nothing"
of = "run"
ensures = "run(result.stdout).stdout == result.stdout"

[[property]]
name = "loses no text"
of = "run"
requires = "!stdin.contains('\\n')"
ensures = "stdin == '' || result.stdout == stdin + '\\n'"

[capabilities]
"#;

fn parsed(text: &str) -> Contract {
    Contract::parse(text).unwrap_or_else(|problems| {
        panic!(
            "{}",
            problems
                .iter()
                .map(|problem| format!("{:?} {problem}", problem.position(text)))
                .collect::<Vec<_>>()
                .join("\n")
        )
    })
}

#[test]
fn a_program_that_moves_photos_is_described() {
    let contract = parsed(PHOTOS);
    let process = contract.interface.process().unwrap();
    assert_eq!(process.arguments, Arguments::Fixed(vec!["/photos".to_owned()]));
    assert_eq!((process.files.as_deref(), process.stdout, process.stdin), (Some("/photos"), Some(Form::Text), None));
    let [run] = contract.interface.functions.as_slice() else { panic!() };
    assert_eq!(run.signature(), "run: func(files: list<entry>) -> outcome");
    let names: Vec<String> = contract.capabilities.names().into_iter().collect();
    assert_eq!(names, ["libraries", "write"]);
    assert_eq!(contract.invariants.len(), 5);
    assert!(contract.invariants.iter().all(|invariant| invariant.of == "/photos"));
    let invocation = process.invocation(&contract.examples[0].call.args).unwrap();
    assert_eq!(invocation.files.unwrap().entries().len(), 4);
}

#[test]
fn the_invariants_tell_right_from_wrong_migrations() {
    let contract = parsed(PHOTOS);
    let file = |path: &str, content: &str| Fact {
        path: path.to_owned(),
        kind: FactKind::File,
        size: 3,
        sha256: content.repeat(64),
        mode: 0o644,
        modified: 1,
        links: 1,
        first: path.to_owned(),
    };
    let link = |path: &str| Fact { kind: FactKind::Symlink, ..file(path, "e") };
    let before = vec![file("a/x.jpg", "1"), file("b/x.jpg", "2"), file("c.jpg", "1"), link("l")];
    let right = vec![file("2019/12/x.jpg", "1"), file("2020/01/x.jpg", "2"), file("undated/c.jpg", "1"), link("l")];
    let broken = |after: Vec<Fact>| -> Vec<String> {
        let change = Change::new(before.clone(), after);
        let broken = contract.invariants.iter().filter(|invariant| !invariant.holds(&change).unwrap());
        broken.map(|invariant| invariant.name.clone()).collect()
    };
    assert_eq!(broken(right.clone()), Vec::<String>::new());
    let with = |nth: usize, fact: Fact| {
        let mut after = right.clone();
        after[nth] = fact;
        after
    };
    let without = |nth: usize| {
        let mut after = right.clone();
        after.remove(nth);
        after
    };
    assert_eq!(broken(before.clone()), ["files are nowhere but in YEAR/MONTH and undated"]);
    assert_eq!(
        broken(without(1)),
        ["every content is still there", "modes and times of files are kept", "no file more and no file less"]
    );
    assert_eq!(broken(without(0)), ["no file more and no file less"], "a copy of the same content");
    let touched = Fact { modified: 2, ..right[1].clone() };
    assert_eq!(broken(with(1, touched)), ["modes and times of files are kept"]);
    assert_eq!(broken(without(3)), ["every content is still there", "symbolic links are as they were"]);
}

#[test]
fn a_filter_is_described() {
    let contract = parsed(SORT);
    let [run] = contract.interface.functions.as_slice() else { panic!() };
    assert_eq!(run.signature(), "run: func(stdin: string) -> outcome");
    assert!(contract.capabilities.names().is_empty() && contract.invariants.is_empty());
    let mut source = Source::new([5; 32], &Dictionary::of(&contract));
    for _ in 0..200 {
        let arguments = source.arguments(run);
        assert!(run.process.as_ref().unwrap().invocation(&arguments).is_ok());
    }
}

#[test]
fn the_photo_example() {
    let contract = parsed(include_str!("../../../../examples/photos/contract.toml"));
    assert_eq!((contract.examples.len(), contract.properties.len(), contract.invariants.len()), (4, 8, 4));
    assert_eq!(contract.capabilities.names().into_iter().collect::<Vec<_>>(), ["write"]);
}

#[test]
fn a_contract_s_trees_are_seeds() {
    let contract = parsed(PHOTOS);
    let [run] = contract.interface.functions.as_slice() else { panic!() };
    let mut source = Source::new([6; 32], &Dictionary::of(&contract));
    let process = run.process.as_ref().unwrap();
    let trees: Vec<Tree> =
        (0..400).map(|_| process.invocation(&source.arguments(run)).unwrap().files.unwrap()).collect();
    let example = process.invocation(&contract.examples[0].call.args).unwrap().files.unwrap();
    assert!(trees.contains(&example));
    let near = |tree: &&Tree| tree.entries().iter().any(|entry| example.entries().contains(entry)) && **tree != example;
    assert!(trees.iter().filter(near).count() > 50, "a little changed");
}

#[test]
fn capabilities_of_programs() {
    let text = SORT.replace(
        "[capabilities]",
        "[capabilities]\nread = ['/in', '/in/deep']\nwrite = ['/out']\ngenerate_code = true\nclocks = true
egress = [
  { host = 'api.example.com', methods = ['GET', 'POST'], paths = ['/v1/*', '/health'] },
  { host = 'api.example.com', methods = ['PROPFIND'], paths = ['/dav/**'] },
  { host = 'api.example.com', port = 8443, methods = ['PUT'], paths = ['/'] },
  { host = 'old.example.com', scheme = 'http', methods = ['GET'], paths = ['/'] },
]",
    );
    let capabilities = parsed(&text).capabilities;
    let names: Vec<String> = capabilities.names().into_iter().collect();
    assert_eq!(names, ["clocks", "egress", "generate_code", "read", "write"]);
    assert!(capabilities.has(Flag::GenerateCode));
    let [first, more, second, clear] = capabilities.egress.as_slice() else { panic!() };
    assert_eq!((first.host.as_str(), first.port, second.port), ("api.example.com", 443, 8443));
    assert_eq!((first.scheme, clear.scheme, clear.port), (Scheme::Https, Scheme::Http, 80));
    let allows = |egress: &Egress, method: &str, path: &str| egress.allows(method, &Path::read(path).unwrap());
    assert!(allows(first, "POST", "/v1/x") && allows(first, "GET", "/health"));
    // One segment, as the broker reads it.
    assert!(!allows(first, "GET", "/v1/x/y") && !allows(first, "PUT", "/v1/x") && !allows(first, "PROPFIND", "/dav/x"));
    assert!(allows(more, "PROPFIND", "/dav/x/y") && allows(second, "PUT", "/") && !allows(second, "PUT", "/x"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_valid_contract_with_parts_exchanged(changes in prop::collection::vec((0..PHOTOS.len(), 0usize..12, fragment()), 1..5)) {
        survives(&exchanged(PHOTOS, changes));
    }

    #[test]
    fn any_call(fragments in prop::collection::vec(fragment(), 0..16)) {
        let interface = parsed(PHOTOS).interface;
        let text = format!("run([{{path: \"a\", mode: 0, modified: 0, node: {}", fragments.concat());
        match interface.parse_call(&text) {
            Ok(call) => prop_assert_eq!(interface.parse_call(&call.to_string()).unwrap(), call),
            Err(error) => prop_assert!(text.get(error.span.clone()).is_some(), "{:?} in {text:?}", error.span),
        }
    }
}

#[test]
fn a_component_s_type_of_the_same_look_is_no_tree() {
    let world = "variant node { file(list<u8>), directory, symlink(string), hard-link(string) }
        record entry { path: string, mode: u32, modified: s64, node: node }
        export f: func(files: list<entry>) -> list<entry>;";
    let contract = parsed(&super::contract(world, ""));
    let text = "f([{path: \"../a\", mode: 420, modified: 0, node: file([104, 105])}])";
    assert_eq!(contract.interface.parse_call(text).unwrap().to_string(), text);
    assert!(contract.interface.parse_call(&text.replace("file([104, 105])", "text(\"hi\")")).is_err());
    assert!(contract.interface.process().is_none());
}

#[test]
fn every_prefix_of_a_contract() {
    for (at, _) in PHOTOS.char_indices().step_by(7) {
        survives(&PHOTOS[..at]);
    }
}

fn sort(process: &str, more: &str) -> String {
    format!("contract = 1\nname = 'x'\nintent = 'x'\n[interface.process]\n{process}\n{more}\n")
}

fn all(texts: &[String]) -> String {
    texts.iter().map(|text| rendered(text)).collect::<Vec<_>>().join("\n")
}

#[test]
fn interfaces() {
    insta::assert_snapshot!(all(&[
        sort(
            "argument = 1\narguments = 'string'\nstdin = 'bytes'\nstdout = true\nfiles = 'photos'\nenvironment = ['A B', 'TZ', 'TZ', 'LD_PRELOAD']",
            ""
        ),
        sort("arguments = 5\nfiles = '/proc/x'", ""),
        sort("arguments = ['a\\u0000']", "").replace("['a\\u0000']", "[\"a\\u0000\"]"),
        sort("files = '/photos'", ""),
        sort("files = '/photos'", "[capabilities]\nread = ['/phot']"),
        sort("stdin = 'string'", "[capabilities]\nstdin = true\nstdout = true\nenvironment = ['TZ']"),
        "contract = 1\nname = 'x'\nintent = 'x'\n[interface]\nwit = ''\nworld = 'w'\nprocess = {}\n".to_owned(),
        "contract = 1\nname = 'x'\nintent = 'x'\n[interface]\nprocess = 'sort'\n".to_owned(),
    ]));
}

#[test]
fn calls() {
    let photos = |call: &str, returns: &str| {
        let more =
            format!("[capabilities]\nwrite = ['/p']\n[[example]]\ncall = '''{call}'''\nreturns = '''{returns}'''");
        sort("arguments = 'list<string>'\nenvironment = ['TZ', 'LANG']\nfiles = '/p'", &more)
    };
    let entry = |path: &str, node: &str| format!("{{path: \"{path}\", mode: 420, modified: 0, node: {node}}}");
    let files = |entries: &[String]| format!("run([], [], [{}])", entries.join(", "));
    let (one, fine) = (|entry: String| files(&[entry]), "{code: 0, files: []}");
    insta::assert_snapshot!(all(&[
        photos("run([\"a\\u{0}\"], [], [])", fine),
        photos("run([], [(\"TZ\", \"\"), (\"PATH\", \"/\")], [])", fine),
        photos(&one(entry("../x", "directory")), fine),
        photos(&one(entry("/p/x", "directory")), fine),
        photos(&files(&[entry("a", "text(\"\")"), entry("a/b", "text(\"\")")]), fine),
        photos(&files(&[entry("a", "text(\"\")"), entry("b", "hard-link(\"c\")")]), fine),
        photos(&one(entry("a", "fifo")), fine),
        photos(&one(entry("a", "file(\"x\")")), fine),
        photos("run([], [], \"x\")", fine),
        photos("run([], [], [])", "{code: 256, files: []}"),
        photos("run([], [], [])", "{code: 0}"),
        photos(
            "run([], [], [])",
            &format!("{{code: 0, files: [{}, {}]}}", entry("a", "directory"), entry("a", "directory"))
        ),
        photos(
            "run([], [], [])",
            &format!("{{code: 0, files: [{}]}}", entry("a", "directory").replace("420", "99999"))
        ),
    ]));
}

#[test]
fn invariants() {
    let more = |write: &str, invariant: &str| {
        sort("", &format!("[capabilities]\nwrite = {write}\n[[invariant]]\n{invariant}"))
    };
    insta::assert_snapshot!(all(&[
        more("[]", "name = 'a'\nholds = 'before == after'"),
        more("['/a', '/b']", "name = 'a'\nholds = 'before == after'"),
        more("['/a']", "name = 'a'\nof = '/b'\nholds = 'before == after'"),
        more("['/a']", "holds = 'before.size() == 1'\nhold = 1"),
        more("['/a']", "name = 'a'\nholds = 'before == after'\n[[invariant]]\nname = 'a'\nholds = 'after.size()'"),
        more("['/a']", "name = 'a'\nholds = 'sets.contian(after, before) && run() == after && result == after'"),
        more(
            "['/a']",
            "name = 'a'\nholds = \"sets.contains(after.map(f, f.size), before.map(f, f.path)) && after.all(f, f.kind == 'fiel')\""
        ),
        more("['/a']", "name = 'a'\nholds = 'sets.contains(after) || sets.equivalent(after, before[0])'"),
    ]));
}

#[test]
fn capabilities() {
    let more = |lines: &str| sort("", &format!("[capabilities]\n{lines}"));
    insta::assert_snapshot!(all(&[
        more("write = ['data', '/', '/dev/shm', '/a/../b', '/x', '/x']"),
        more("read = ['/a', '/b/c', '/d']\nwrite = ['/a/b', '/b', '/d', '/d/e', '/dd']"),
        more("libraries = ['/lib/libc.so.6', 'libc', 'libm.so.6', 'libm.so.6']\ngenerate_code = 'yes'"),
        more("egress = 'example.com'"),
        more("egress = [{}, 5]"),
        more(
            "egress = [
  { host = 'Example.com', methods = ['GET'], paths = ['/'] },
  { host = '10.0.0.1', methods = ['GET'], paths = ['/'] },
  { host = 'https://x.example', methods = ['GET'], paths = ['/'] },
  { host = '*.example.com', methods = ['GET'], paths = ['/'] },
  { host = 'x.0x7f', port = 0, methods = ['get', 'GET', 'GET'], paths = ['v1', '/a*', '/a/../b', '/a/%2e', '/**/b'] },
  { host = 'y.example', methods = [], paths = ['/'], scheme = 'ftp' },
  { host = 'z.example', methods = ['GET', 'TRACE'], paths = ['/'] },
  { host = 'z.example', port = 443, scheme = 'http', methods = ['GET'], paths = ['/a'] },
]"
        ),
        more("read = ['/etc']\negress = [{ host = 'a.example', methods = ['GET'], paths = ['/'] }]"),
        super::contract(
            "export f: func();",
            "[capabilities]\nlibraries = ['libc.so.6']\ngenerate_code = true
egress = [{ host = 'a.example', methods = ['GET'], paths = ['/'] }]"
        ),
    ]));
}
