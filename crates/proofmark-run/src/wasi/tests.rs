//! What every function of the host answers is recorded, and the record answers in its place.

use std::fmt::{Debug, Display};

use wasmtime::component::Resource;
use wasmtime_wasi::p2::StreamError;
use wasmtime_wasi::p2::bindings::cli::{
    environment, exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr, terminal_stdin,
    terminal_stdout,
};
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    self, Advice, DescriptorFlags, HostDescriptor, HostDirectoryEntryStream, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::bindings::sync::io::streams::{HostInputStream, HostOutputStream};
use wasmtime_wasi::p2::bindings::sync::io::{poll, streams};
use wasmtime_wasi_io::bindings::wasi::io::error;

use super::tape::{names, summary};
use super::*;

/// What a script of host calls was answered, or the error that ended it.
type Answers = wasmtime::Result<Vec<String>>;
type Script = fn(&mut Calls<'_>) -> Answers;

fn text<T: Debug, E: Display>(answer: Result<T, E>) -> String {
    match answer {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("error: {error}"),
    }
}

fn lent<T: 'static>(handle: &Resource<T>) -> Resource<T> {
    Resource::new_borrow(handle.rep())
}

fn given<T: 'static>(handle: &Resource<T>) -> Resource<T> {
    Resource::new_own(handle.rep())
}

fn host(granted: &[&str], world: &World) -> Host {
    let granted = granted.iter().map(|name| (*name).to_owned()).collect();
    Host::new(&Budget::default(), &granted, world).unwrap()
}

fn world(read: Vec<(PathBuf, String)>) -> World {
    World::Real {
        environment: vec![("LANG".into(), "C".into())],
        read,
        write: Vec::new(),
        stdin: b"what is read".to_vec(),
    }
}

/// Runs a script for real, then from its tape, and again from every beginning of it. Gives the tape.
fn repeated(granted: &[&str], world: &World, script: Script) -> Vec<u8> {
    let mut real = host(granted, world);
    let answers = script(&mut real.calls()).unwrap();
    let (written, counts, tape) = (real.written(), real.host_calls(), real.tape().unwrap());
    assert!(!counts.is_empty());
    assert_eq!(summary(&tape).as_ref(), Ok(&counts));
    let mut again = Host::replayed(&Budget::default(), tape.clone());
    assert_eq!(script(&mut again.calls()).unwrap(), answers);
    assert_eq!((again.written(), again.host_calls(), again.departure()), (written, counts, None));
    let all = if tape.len() < 5000 { 0 } else { tape.len().saturating_sub(100) };
    for cut in all..tape.len() {
        let mut short = Host::replayed(&Budget::default(), tape[..cut].to_vec());
        let _ = script(&mut short.calls());
        assert!(short.departure().is_some(), "{cut}");
    }
    tape
}

fn environment(calls: &mut Calls<'_>) -> Answers {
    Ok(vec![
        text(environment::Host::get_environment(calls)),
        text(environment::Host::get_arguments(calls)),
        text(environment::Host::initial_cwd(calls)),
    ])
}

fn exits(calls: &mut Calls<'_>) -> Answers {
    let status = |error: wasmtime::Error| error.downcast_ref::<wasmtime_wasi::I32Exit>().map(|exit| exit.0);
    Ok(vec![
        format!("{:?}", exit::Host::exit(calls, Err(())).map_err(status)),
        format!("{:?}", exit::Host::exit_with_code(calls, 7).map_err(status)),
    ])
}

fn terminals(calls: &mut Calls<'_>) -> Answers {
    Ok(vec![
        text(terminal_stdin::Host::get_terminal_stdin(calls).map(|terminal| terminal.is_some())),
        text(terminal_stdout::Host::get_terminal_stdout(calls).map(|terminal| terminal.is_some())),
        text(terminal_stderr::Host::get_terminal_stderr(calls).map(|terminal| terminal.is_some())),
        // There is none to drop: what the host says to that is repeated too.
        text(terminal_input::HostTerminalInput::drop(calls, Resource::new_own(7))),
        text(terminal_output::HostTerminalOutput::drop(calls, Resource::new_own(7))),
    ])
}

fn clocks(calls: &mut Calls<'_>) -> Answers {
    let soon = monotonic_clock::Host::subscribe_duration(calls, 1000)?;
    let past = monotonic_clock::Host::subscribe_instant(calls, 0)?;
    Ok(vec![
        text(wall_clock::Host::now(calls)),
        text(wall_clock::Host::resolution(calls)),
        text(monotonic_clock::Host::now(calls)),
        text(monotonic_clock::Host::resolution(calls)),
        text(poll::HostPollable::ready(calls, lent(&soon))),
        text(poll::HostPollable::block(calls, lent(&soon))),
        text(poll::Host::poll(calls, vec![lent(&past), lent(&soon)])),
        text(poll::Host::poll(calls, Vec::new())),
        text(poll::HostPollable::drop(calls, given(&soon))),
        text(poll::HostPollable::drop(calls, given(&soon))),
    ])
}

fn randomness(calls: &mut Calls<'_>) -> Answers {
    Ok(vec![
        text(random::Host::get_random_bytes(calls, 300)),
        text(random::Host::get_random_bytes(calls, u64::MAX)),
        text(random::Host::get_random_u64(calls)),
        text(insecure::Host::get_insecure_random_bytes(calls, 3)),
        text(insecure::Host::get_insecure_random_u64(calls)),
        text(insecure_seed::Host::insecure_seed(calls)),
    ])
}

fn input(calls: &mut Calls<'_>) -> Answers {
    let stream = stdin::Host::get_stdin(calls)?;
    let ready = HostInputStream::subscribe(calls, lent(&stream))?;
    Ok(vec![
        text(poll::HostPollable::block(calls, ready)),
        text(HostInputStream::read(calls, lent(&stream), 4)),
        text(HostInputStream::blocking_read(calls, lent(&stream), 2)),
        text(HostInputStream::skip(calls, lent(&stream), 1)),
        text(HostInputStream::blocking_skip(calls, lent(&stream), 1)),
        text(HostInputStream::read(calls, lent(&stream), 100)),
        text(HostInputStream::read(calls, lent(&stream), 1)),
        text(HostInputStream::drop(calls, stream)),
    ])
}

fn output(calls: &mut Calls<'_>) -> Answers {
    let out = stdout::Host::get_stdout(calls)?;
    let errors = stderr::Host::get_stderr(calls)?;
    let from = stdin::Host::get_stdin(calls)?;
    let ready = HostOutputStream::subscribe(calls, lent(&out))?;
    Ok(vec![
        text(poll::HostPollable::block(calls, ready)),
        text(HostOutputStream::check_write(calls, lent(&out))),
        text(HostOutputStream::write(calls, lent(&out), b"hello ".to_vec())),
        text(HostOutputStream::blocking_write_and_flush(calls, lent(&errors), b"oh".to_vec())),
        text(HostOutputStream::flush(calls, lent(&out))),
        text(HostOutputStream::blocking_flush(calls, lent(&out))),
        text(HostOutputStream::write_zeroes(calls, lent(&out), 3)),
        text(HostOutputStream::blocking_write_zeroes_and_flush(calls, lent(&errors), 2)),
        text(HostOutputStream::blocking_write_and_flush(calls, lent(&errors), vec![0; 5000])),
        text(HostOutputStream::splice(calls, lent(&out), lent(&from), 5)),
        text(HostOutputStream::blocking_splice(calls, lent(&errors), lent(&from), 100)),
        text(HostOutputStream::splice(calls, lent(&out), lent(&from), 5)),
        text(HostOutputStream::drop(calls, out)),
    ])
}

/// Fills standard output to its limit, in pieces that do not fit at the end.
fn overflow(calls: &mut Calls<'_>) -> Answers {
    let out = stdout::Host::get_stdout(calls)?;
    let fill = HostOutputStream::write(calls, lent(&out), vec![b'a'; WRITTEN_BYTES_MAX - 3]);
    Ok(vec![
        text(fill),
        text(HostOutputStream::write(calls, lent(&out), b"four".to_vec())),
        text(HostOutputStream::blocking_write_and_flush(calls, lent(&out), b"fill".to_vec())),
        text(HostOutputStream::check_write(calls, lent(&out))),
        text(HostOutputStream::write_zeroes(calls, lent(&out), 1)),
    ])
}

fn failures(calls: &mut Calls<'_>) -> Answers {
    let failure = std::io::Error::from_raw_os_error(13);
    let failed = StreamError::LastOperationFailed(failure.into());
    let streams::StreamError::LastOperationFailed(handle) = streams::Host::convert_stream_error(calls, failed)? else {
        return Ok(Vec::new());
    };
    Ok(vec![
        text(error::HostError::to_debug_string(calls, lent(&handle))),
        text(types::Host::filesystem_error_code(calls, lent(&handle))),
        text(error::HostError::drop(calls, handle)),
        text(streams::Host::convert_stream_error(calls, StreamError::Closed)),
    ])
}

fn files(calls: &mut Calls<'_>) -> Answers {
    let mut directories = preopens::Host::get_directories(calls)?;
    let (top, name) = directories.pop().ok_or_else(|| wasmtime::Error::msg("no directory"))?;
    let (follow, none) = (PathFlags::SYMLINK_FOLLOW, OpenFlags::empty());
    let file = HostDescriptor::open_at(calls, lent(&top), follow, "file.txt".into(), none, DescriptorFlags::READ)?;
    let stream = HostDescriptor::read_via_stream(calls, lent(&file), 1)?;
    let entries = HostDescriptor::read_directory(calls, lent(&top))?;
    let at = |path: &str| path.to_owned();
    let mut answers = vec![
        name,
        text(HostInputStream::blocking_read(calls, lent(&stream), 100)),
        text(HostInputStream::blocking_read(calls, lent(&stream), 100)),
        text(HostDirectoryEntryStream::read_directory_entry(calls, lent(&entries))),
        text(HostDirectoryEntryStream::read_directory_entry(calls, lent(&entries))),
        text(HostDirectoryEntryStream::drop(calls, entries)),
        text(HostDescriptor::get_flags(calls, lent(&top))),
        text(HostDescriptor::get_type(calls, lent(&file))),
        text(HostDescriptor::stat(calls, lent(&file))),
        text(HostDescriptor::stat_at(calls, lent(&top), follow, at("file.txt"))),
        text(HostDescriptor::stat_at(calls, lent(&top), follow, at("../secret"))),
        text(HostDescriptor::read(calls, lent(&file), 3, 0)),
        text(HostDescriptor::readlink_at(calls, lent(&top), at("file.txt"))),
        text(HostDescriptor::is_same_object(calls, lent(&top), lent(&file))),
        text(HostDescriptor::metadata_hash(calls, lent(&file))),
        text(HostDescriptor::metadata_hash_at(calls, lent(&top), follow, at("file.txt"))),
        text(HostDescriptor::advise(calls, lent(&file), 0, 1, Advice::Sequential)),
        text(HostDescriptor::sync(calls, lent(&file))),
        text(HostDescriptor::sync_data(calls, lent(&file))),
    ];
    answers.extend(refused_changes(calls, &top, &file));
    answers.push(text(HostDescriptor::drop(calls, file)));
    Ok(answers)
}

fn refused_changes(
    calls: &mut Calls<'_>,
    top: &Resource<types::Descriptor>,
    file: &Resource<types::Descriptor>,
) -> Vec<String> {
    let (now, none) = (NewTimestamp::Now, NewTimestamp::NoChange);
    let at = |path: &str| path.to_owned();
    let follow = PathFlags::empty();
    let create = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
    let when = NewTimestamp::Timestamp(wall_clock::Datetime { seconds: 1, nanoseconds: 2 });
    vec![
        text(
            HostDescriptor::open_at(calls, lent(top), follow, at("new"), create, DescriptorFlags::WRITE)
                .map(|file| file.rep()),
        ),
        text(HostDescriptor::write_via_stream(calls, lent(file), 0).map(|stream| stream.rep())),
        text(HostDescriptor::append_via_stream(calls, lent(file)).map(|stream| stream.rep())),
        text(HostDescriptor::write(calls, lent(file), b"x".to_vec(), 0)),
        text(HostDescriptor::set_size(calls, lent(file), 0)),
        text(HostDescriptor::set_times(calls, lent(file), now, none)),
        text(HostDescriptor::set_times_at(calls, lent(top), follow, at("file.txt"), when, none)),
        text(HostDescriptor::create_directory_at(calls, lent(top), at("new"))),
        text(HostDescriptor::link_at(calls, lent(top), follow, at("file.txt"), lent(top), at("new"))),
        text(HostDescriptor::rename_at(calls, lent(top), at("file.txt"), lent(top), at("new"))),
        text(HostDescriptor::symlink_at(calls, lent(top), at("file.txt"), at("new"))),
        text(HostDescriptor::remove_directory_at(calls, lent(top), at("file.txt"))),
        text(HostDescriptor::unlink_file_at(calls, lent(top), at("file.txt"))),
    ]
}

#[test]
fn every_function_is_repeated_from_its_tape() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file.txt"), "content").unwrap();
    let world = world(vec![(folder.path().to_path_buf(), "/data".to_owned())]);
    let mut tapes = vec![
        repeated(&["environment"], &world, environment),
        repeated(&[], &world, exits),
        repeated(&["stdin", "stdout", "stderr"], &world, terminals),
        repeated(&["clocks"], &world, clocks),
        repeated(&["random"], &world, randomness),
        repeated(&["stdin"], &world, input),
        repeated(&["stdin", "stdout", "stderr"], &world, output),
        repeated(&["stdout"], &world, overflow),
        repeated(&[], &world, failures),
        repeated(&["read"], &world, files),
    ];
    let seen: BTreeSet<String> = tapes.iter().flat_map(|tape| summary(tape).unwrap().into_keys()).collect();
    assert_eq!(seen, names().into_iter().map(ToOwned::to_owned).collect(), "each function is in a script");
    // The world is another now, and a tape does not ask it.
    let environment_tape = tapes.swap_remove(0);
    let mut again = Host::replayed(&Budget::default(), environment_tape);
    assert!(environment(&mut again.calls()).unwrap()[0].contains("LANG"));
}

#[test]
fn the_first_other_question_is_named() {
    let tape = repeated(&["random"], &world(Vec::new()), randomness);
    let left = |script: Script| {
        let mut host = Host::replayed(&Budget::default(), tape.clone());
        let _ = script(&mut host.calls());
        host.departure().unwrap()
    };
    let other = left(clocks);
    assert_eq!(
        other,
        "host call 1 is `wasi:clocks/monotonic-clock.subscribe-duration`, and on the tape it is \
         `wasi:random/random.get-random-bytes`"
    );
    let arguments = left(|calls| Ok(vec![text(random::Host::get_random_bytes(calls, 301))]));
    assert_eq!(arguments, "host call 1, `wasi:random/random.get-random-bytes`, has other arguments than on the tape");
    let fewer = left(|calls| Ok(vec![text(random::Host::get_random_bytes(calls, 300))]));
    assert_eq!(fewer, "it ended before host call 2, which is `wasi:random/random.get-random-bytes` on the tape");
    let more = left(|calls| {
        randomness(calls)?;
        Ok(vec![text(random::Host::get_random_u64(calls))])
    });
    assert_eq!(more, "host call 7 is `wasi:random/random.get-random-u64`, and the tape ends before it");
    let deaf = left(|calls| {
        let _ = random::Host::get_random_u64(calls);
        Ok(vec![text(random::Host::get_random_bytes(calls, 300))])
    });
    assert!(
        deaf.starts_with("host call 1 is `wasi:random/random.get-random-u64`"),
        "nothing is answered after: {deaf}"
    );
}

#[test]
fn only_a_real_world_is_recorded_and_every_world_is_counted() {
    let mut checked = host(&["random"], &World::Checked { seed: [1; 32] });
    randomness(&mut checked.calls()).unwrap();
    assert_eq!(checked.tape(), None);
    assert_eq!(checked.host_calls()["wasi:random/random.get-random-bytes"], 2);
    assert!(checked.host_calls().is_empty(), "counted once");
    let mut nothing = host(&["random"], &World::Replayed);
    assert!(randomness(&mut nothing.calls()).unwrap().iter().all(|answer| answer.contains("damaged")));
}

#[test]
fn a_tape_beyond_the_limit_is_none() {
    let mut host = host(&["random"], &world(Vec::new()));
    for _ in 0..tape::TAPE_BYTES_MAX >> 20 {
        random::Host::get_random_bytes(&mut host.calls(), 1 << 20).unwrap();
    }
    assert_eq!(host.tape(), None);
    assert_eq!(host.host_calls().len(), 1);
}

#[test]
fn the_number_of_a_function_on_a_tape_is_for_ever() {
    let table: Vec<&str> = Call::all().map(Call::name).collect();
    insta::assert_json_snapshot!(table);
}

proptest::proptest! {
    #[test]
    fn hostile_tapes_never_panic(bytes: Vec<u8>, at: proptest::sample::Index, to: u8) {
        let _ = summary(&bytes);
        let mut tape = vec![1];
        tape.extend(&bytes);
        let _ = summary(&tape);
        for script in [environment, exits, terminals, clocks, randomness, input, output, failures, files] {
            let mut host = Host::replayed(&Budget::default(), tape.clone());
            let _ = script(&mut host.calls());
        }
        let mut real = host(&["clocks", "stdin", "stdout", "stderr"], &world(Vec::new()));
        output(&mut real.calls()).unwrap();
        let mut flipped = real.tape().unwrap();
        let at = at.index(flipped.len());
        flipped[at] = to;
        let _ = summary(&flipped);
        let mut host = Host::replayed(&Budget::default(), flipped);
        let _ = output(&mut host.calls());
        proptest::prop_assert!(host.written().stdout.len() <= WRITTEN_BYTES_MAX);
    }
}
