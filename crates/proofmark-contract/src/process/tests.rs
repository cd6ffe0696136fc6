//! Programs as interfaces: the WIT that stands for them, what a run is given, and what comes of it.

use super::*;
use crate::interface::Interface;

fn full() -> Process {
    let streams = [Some(Form::Bytes), Some(Form::Text), Some(Form::Bytes)];
    Process::new(Arguments::Varied, vec!["TZ".to_owned(), "LC_ALL".to_owned()], Some("/photos".to_owned()), streams)
}

fn filter() -> Process {
    let streams = [Some(Form::Text), Some(Form::Text), None];
    Process::new(Arguments::Fixed(vec!["-n".to_owned()]), Vec::new(), None, streams)
}

#[test]
fn the_wit_says_what_the_types_say() {
    for (process, signature) in [
        (
            full(),
            "run: func(arguments: list<string>, environment: list<tuple<string, string>>, stdin: list<u8>, files: list<entry>) -> outcome",
        ),
        (filter(), "run: func(stdin: string) -> outcome"),
        (Process::new(Arguments::Fixed(Vec::new()), Vec::new(), None, [None; 3]), "run: func() -> outcome"),
    ] {
        let interface = Interface::of_process(process.clone()).unwrap();
        let [run] = interface.functions.as_slice() else { panic!() };
        assert_eq!(run.signature(), signature);
        assert_eq!(run.result, Some(Type::Record(Arc::clone(&process.outcome))));
        assert_eq!(interface.process().map(|found| &**found), Some(&process));
        if process.files.is_some() {
            assert!(run.params.last().is_some_and(|(_, ty)| is_tree(ty)));
        }
    }
}

#[test]
fn a_run_is_given_what_its_call_says() {
    let interface = Interface::of_process(full()).unwrap();
    let text =
        r#"run(["-a", ""], [("TZ", "UTC")], [104, 0], [{path: "d/a", mode: 420, modified: 7, node: text("hi\n")}])"#;
    let call = interface.parse_call(text).unwrap();
    let invocation = full().invocation(&call.args).unwrap();
    assert_eq!(invocation.arguments, ["-a", ""]);
    assert_eq!(invocation.environment, [("TZ".to_owned(), "UTC".to_owned())]);
    assert_eq!(invocation.stdin, b"h\0");
    let files = invocation.files.unwrap();
    assert_eq!(files.entries()[1].node, Node::File(b"hi\n".to_vec()));
    assert_eq!(files.entries()[0].path, "d");
    let again = interface.parse_call(&call.to_string()).unwrap();
    assert_eq!(again, call);
    assert!(call.to_string().contains("text(\"hi\\n\")"), "{call}");

    let fixed = filter().invocation(&[Value::String("x".to_owned())]).unwrap();
    assert_eq!((fixed.arguments, fixed.stdin, fixed.files), (vec!["-n".to_owned()], b"x".to_vec(), None));
    assert!(filter().invocation(&[]).is_err());
}

#[test]
fn text_and_bytes_are_one_value() {
    let interface = Interface::of_process(full()).unwrap();
    let call = |node: &str| {
        interface.parse_call(&format!("run([], [], [], [{{path: \"a\", mode: 420, modified: 0, node: {node}}}])"))
    };
    assert_eq!(call("text(\"aé\")").unwrap(), call("file([97, 195, 169])").unwrap());
    let bytes = call("file([255, 0])").unwrap();
    assert!(bytes.to_string().contains("file([255, 0])"));
    let control = call("file([27])").unwrap().to_string();
    assert!(control.contains("file([27])"), "control characters stay numbers: {control}");
    for call in [bytes, call("text(\"\\u{1b}\")").unwrap()] {
        assert!(call.args.iter().zip(&call.function.params).all(|(value, (_, ty))| value.fits(ty)));
    }
}

#[test]
fn what_no_program_can_be_given_is_refused() {
    let interface = Interface::of_process(full()).unwrap();
    let why = |text: &str| interface.parse_call(text).unwrap_err();
    let at = |text: &str| {
        let error = why(text);
        (text[error.span.clone()].to_owned(), error.message)
    };
    let (place, message) = at(r#"run(["a", "b\u{0}c"], [], [], [])"#);
    assert_eq!((place.as_str(), message.as_str()), (r#""b\u{0}c""#, "an argument can't hold a NUL"));
    let (place, message) = at(r#"run([], [("PATH", "")], [], [])"#);
    assert_eq!((place.as_str(), message.as_str()), (r#"("PATH", "")"#, "`PATH` is not a variable of this interface"));
    assert!(at(r#"run([], [("TZ", ""), ("TZ", "")], [], [])"#).1.contains("twice"));
    assert!(at(r#"run([], [("TZ", "\u{0}")], [], [])"#).1.contains("NUL"));
    let long = format!(r#"run(["{}"], [], [], [])"#, "a".repeat(ARGUMENT_BYTES_MAX + 1));
    assert!(at(&long).1.contains("longer"));
    let twice = r#"run([], [], [], [{path: "a", mode: 0, modified: 0, node: directory}, {path: "a", mode: 1, modified: 0, node: directory}])"#;
    assert!(at(twice).0.contains("mode: 1"));
}

#[test]
fn outcomes_become_values() {
    let outcome = Outcome { code: 3, stdout: b"ok\n".to_vec(), stderr: b"\xff".to_vec(), files: Some(Tree::default()) };
    let value = full().outcome(outcome.clone()).unwrap();
    assert_eq!(value.to_string(), "{code: 3, stdout: \"ok\\n\", stderr: [255], files: []}");
    assert!(value.fits(&Type::Record(Arc::clone(&full().outcome))));
    let tree = vec![Entry { path: "a".to_owned(), mode: 1, modified: 2, node: Node::File(b"hi".to_vec()) }];
    let with_files = Outcome { files: Some(Tree::new(tree).unwrap()), ..outcome.clone() };
    let shown = full().outcome(with_files).unwrap().to_string();
    assert!(shown.ends_with("files: [{path: \"a\", mode: 1, modified: 2, node: text(\"hi\")}]}"), "{shown}");
    let not_text = Outcome { stdout: b"ab\xff".to_vec(), ..outcome.clone() };
    assert_eq!(full().outcome(not_text).unwrap_err(), "standard output is not UTF-8 from byte 2 on");
    assert!(full().outcome(Outcome { files: None, ..outcome.clone() }).is_err());
    assert_eq!(filter().outcome(outcome).unwrap().to_string(), "{code: 3, stdout: \"ok\\n\"}");
}
