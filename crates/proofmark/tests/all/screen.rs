//! What a person sees of `check`: nothing moves where no terminal is, and on one it is said how far each check is.

use std::process::{Command, Stdio};

use crate::place::{DOUBLE, Place, Ran, doubling};

/// Right, and slow enough that a check of it takes a while.
fn slow() -> String {
    doubling(
        "(local $i i32) (local.set $i (i32.const 3000))
         (loop $l (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))",
    )
}

fn place(artifact: &str) -> Place {
    let place = Place::new();
    place.write("contract.toml", DOUBLE).write("artifact.wat", artifact);
    place
}

/// The same on a terminal of 80 columns; standard output and standard error are one.
fn on_a_terminal(place: &Place, arguments: &str) -> Ran {
    let command = format!("stty cols 80 rows 40; exec {} {arguments}", env!("CARGO_BIN_EXE_proofmark"));
    let output = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .current_dir(place.path(""))
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran::of(&output)
}

#[test]
fn the_verdict_comes_first_and_nothing_moves_without_a_terminal() {
    let ran = place(&slow()).run(&["check", "contract.toml", "artifact.wat"]).exits(0);
    assert_eq!(ran.stderr, "");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("marked      double: supervised use with no capabilities, until 20"), "{}", ran.all());
    assert!(lines.len() <= 25 && !ran.stdout.contains('\x1b'), "{}", ran.all());
    assert_eq!(*lines.last().unwrap(), "next        proofmark run artifact.wat.mark 'double(4)'");
    let wrong = place(&doubling("(return (i64.const 7))")).run(&["check", "contract.toml", "artifact.wat"]).exits(1);
    assert!(wrong.stdout.starts_with("refused     double: examples and properties failed\n"), "{}", wrong.all());
    let unfit = place("(module)").run(&["check", "contract.toml", "artifact.wat"]).exits(1);
    assert!(unfit.stdout.starts_with("refused     double: inspect failed\n"), "{}", unfit.all());
}

#[test]
fn a_terminal_shows_how_far_a_check_is_and_what_it_found() {
    let place = place(&slow());
    let ran = on_a_terminal(&place, "check contract.toml artifact.wat").exits(0);
    for text in ["properties", " of 81,920 ", " edges; new edge at "] {
        assert!(ran.stdout.contains(text), "{text}: {}", ran.all());
    }
    // What was moving is gone before the screen.
    let screen = ran.stdout.rsplit("marked").next().unwrap();
    assert!(!screen.contains("new edge at") && screen.contains("95 % confident"), "{screen}");
    // Evidence is what it is without anybody who looks.
    place.run(&["verify", "artifact.wat.mark", "artifact.wat", "--replay"]).exits(0).says("properties: the same bytes");
}
