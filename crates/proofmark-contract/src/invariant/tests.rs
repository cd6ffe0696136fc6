//! Invariants on trees as large as real ones, and what one line of CEL can say of them.

use super::*;

fn file(path: &str, content: &str) -> Fact {
    Fact {
        path: path.to_owned(),
        kind: FactKind::File,
        size: content.len() as u64,
        sha256: format!("{content:0>64}"),
        mode: 0o644,
        modified: 1_000_000_000,
        links: 1,
        first: path.to_owned(),
    }
}

fn invariant(holds: &str) -> Invariant {
    let contract = format!("holds = '''{holds}'''");
    let placed = Placed::new(&contract, 8..contract.len(), holds);
    Invariant::new("i".to_owned(), "/d".to_owned(), &placed).unwrap_or_else(|problems| panic!("{holds}: {problems:?}"))
}

fn answer(holds: &str, before: &[Fact], after: &[Fact]) -> Result<bool, String> {
    invariant(holds).holds(&Change::new(before.to_vec(), after.to_vec())).map_err(|error| error.to_string())
}

const KEPT: &str = "sets.contains(after.map(f, f.sha256), before.map(f, f.sha256))";
const KEPT_WITH_TIMES: &str = "sets.contains(after.map(f, [f.sha256, string(f.mode), string(f.modified)]), before.map(f, [f.sha256, string(f.mode), string(f.modified)]))";
/// Loses nothing, however often a content is there: a line for every program that moves files.
const NOTHING_LOST: &str = "multisets.contains(after.filter(f, f.path == f.first).map(f, [f.sha256, string(f.links)]), before.filter(f, f.path == f.first).map(f, [f.sha256, string(f.links)]))";
const LINKS: &str = "before.filter(f, f.kind == 'symlink') == after.filter(f, f.kind == 'symlink')";

#[test]
fn every_content_is_still_there() {
    let before = [file("a", "1"), file("b", "2"), file("c", "1")];
    let moved = [file("x/c", "1"), file("x/b", "2")];
    assert_eq!(answer(KEPT, &before, &moved), Ok(true));
    assert_eq!(answer(KEPT, &before, &moved[..1]), Ok(false));
    assert_eq!(answer(KEPT, &before, &[file("a", "1"), file("b", "3")]), Ok(false));
    let count = "before.filter(f, f.kind == 'file').size() == after.filter(f, f.kind == 'file').size()";
    assert_eq!((answer(count, &before, &before), answer(count, &before, &moved)), (Ok(true), Ok(false)));
}

/// Two names of one file.
fn linked(first: &str, other: &str, content: &str) -> [Fact; 2] {
    [first, other].map(|path| Fact { links: 2, first: first.to_owned(), ..file(path, content) })
}

#[test]
fn contents_are_counted_by_file_and_not_by_name() {
    let twins = [file("a", "1"), file("b", "1"), file("c", "2")];
    let lost = |before: &[Fact], after: &[Fact]| answer(NOTHING_LOST, before, after);
    assert_eq!(lost(&twins, &[file("x", "1"), file("y", "2"), file("z", "1")]), Ok(true), "moved");
    assert_eq!(lost(&twins, &[file("x", "1"), file("y", "2"), file("z", "2")]), Ok(false), "one over another");
    assert_eq!(answer(KEPT, &twins, &[file("x", "1"), file("y", "2"), file("z", "2")]), Ok(true), "sets don't see it");
    // To make two files one by a hard link is to lose one of them, and to make one file two is not to keep it.
    let [one, two] = linked("a", "b", "1");
    let merged = [one, two, file("c", "2")];
    assert_eq!((lost(&twins, &merged), lost(&merged, &twins)), (Ok(false), Ok(false)));
    let [one, two] = linked("m/a", "z/b", "1");
    assert_eq!(lost(&merged, &[file("c", "2"), one, two]), Ok(true), "still linked elsewhere");
    assert_eq!(lost(&merged, &[file("a", "1"), file("c", "2")]), Ok(false), "a name is gone");
}

#[test]
fn modes_times_and_links_are_kept() {
    let before = [file("a", "1"), Fact { kind: FactKind::Symlink, ..file("l", "2") }];
    let moved = [file("z", "1"), Fact { kind: FactKind::Symlink, ..file("l", "2") }];
    assert_eq!((answer(KEPT_WITH_TIMES, &before, &moved), answer(LINKS, &before, &moved)), (Ok(true), Ok(true)));
    let touched = [Fact { modified: 1_000_000_001, ..moved[0].clone() }, moved[1].clone()];
    assert_eq!(answer(KEPT_WITH_TIMES, &before, &touched), Ok(false));
    let chmod = [Fact { mode: 0o600, ..moved[0].clone() }, moved[1].clone()];
    assert_eq!(answer(KEPT_WITH_TIMES, &before, &chmod), Ok(false));
    let followed = [moved[0].clone(), file("l", "2")];
    assert_eq!(answer(LINKS, &before, &followed), Ok(false));
}

#[test]
fn facts_are_in_the_order_of_their_paths() {
    let (one, two) = ([file("b", "1"), file("a", "2")], [file("a", "2"), file("b", "1")]);
    assert_eq!(answer("before == after", &one, &two), Ok(true));
}

#[test]
fn linear_conditions_have_an_answer_for_large_trees_and_quadratic_ones_end() {
    let path = |nth: usize| format!("Pictures/Holidays in the mountains, {}/IMG_{nth:06}.jpg", nth % 37);
    let before: Vec<Fact> = (0..12_000).map(|nth| file(&path(nth), &nth.to_string())).collect();
    let after: Vec<Fact> = (0..12_000).map(|nth| file(&format!("2020/01/{nth}.jpg"), &nth.to_string())).collect();
    let folders = "after.all(f, f.path.matches('^[0-9]{4}/[0-9]{2}/[^/]+$'))";
    for linear in [
        KEPT,
        KEPT_WITH_TIMES,
        NOTHING_LOST,
        LINKS,
        folders,
        "sets.contains(before.map(f, f.sha256), after.map(f, f.sha256))",
    ] {
        assert_eq!(answer(linear, &before, &after), Ok(true), "{linear}");
    }
    assert_eq!(answer(KEPT, &before, &after[1..]), Ok(false));
    let quadratic = "before.all(b, after.exists(a, a.sha256 == b.sha256 && a.mode == b.mode))";
    let error = answer(quadratic, &before, &after).unwrap_err();
    assert!(error.contains("more than 26000000 steps"), "{error}");
}

#[test]
fn conditions_are_checked_when_they_are_read() {
    let problems = |holds: &str| {
        let contract = format!("holds = '''{holds}'''");
        let placed = Placed::new(&contract, 8..contract.len(), holds);
        Invariant::new(String::new(), String::new(), &placed).unwrap_err().remove(0).message
    };
    assert!(problems("before.size() > 0").contains("does not use `after`"));
    assert!(problems("result == after").contains("`result` is not known in `holds`"));
    assert!(problems("after.all(f, f.name == 'x')").contains("no field `name`"));
    assert!(problems("after.all(f, f.kind == 'link')").contains("not a case of `kind`"));
    assert!(problems("run(after)").contains("no function `run`"));
    assert!(problems("sets.contain(after, before)").contains("no function `sets.contain`"));
    assert!(problems("sets.contains(after)").contains("takes 2 arguments"));
    assert!(problems("sets.contains(after, 1)").contains("compares lists"));
    assert!(problems("sets.contains(after.map(f, f.path), before.map(f, f.mode))").contains("no element of"));
}
