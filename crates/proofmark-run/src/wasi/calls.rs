//! Every function of the host that an artifact can call: counted here, recorded, or answered from a tape.
//!
//! The functions themselves are the engine's. A function that is linked without passing through here would be missing in
//! receipts and would make a replay diverge, so nothing else may be given to the linker.

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::cli::{WasiCliCtxView, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocksCtxView, WasiClocksView as _};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::cli::{
    environment, exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr, terminal_stdin,
    terminal_stdout,
};
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi::p2::bindings::sync::filesystem::types;
use wasmtime_wasi::p2::bindings::sync::io::{poll, streams};
use wasmtime_wasi::p2::{FsError, FsResult, StreamError, StreamResult};
use wasmtime_wasi::random::WasiRandomCtx;
use wasmtime_wasi::{WasiCtxView, WasiView};
use wasmtime_wasi_io::bindings::wasi::io::error;

use super::items::{Damaged, Fatal, Item, Put, Reader};
use super::tape::{Asked, Replay, Stream, Taping};
use super::{WRITTEN_BYTES_MAX, Wasi};
use crate::usage::Held;

/// What an instance is linked to.
pub(super) struct Calls<'a>(pub &'a mut Wasi, pub &'a mut Held);

/// That, for the linker.
pub(super) struct Linked;

impl HasData for Linked {
    type Data<'a> = Calls<'a>;
}

type Input = Resource<streams::InputStream>;
type Output = Resource<streams::OutputStream>;
type Pollable = Resource<poll::Pollable>;
type Open = Resource<Descriptor>;
type Entries = Resource<types::DirectoryEntryStream>;
type Outcome<T> = wasmtime::Result<T>;

/// The host's own implementations.
impl Wasi {
    fn cli_view(&mut self) -> WasiCliCtxView<'_> {
        self.cli()
    }

    fn clock_view(&mut self) -> WasiClocksCtxView<'_> {
        self.clocks()
    }

    fn files(&mut self) -> WasiFilesystemCtxView<'_> {
        self.filesystem()
    }

    fn random(&mut self) -> &mut WasiRandomCtx {
        self.context.random()
    }

    fn resources(&mut self) -> &mut ResourceTable {
        &mut self.table
    }
}

impl WasiView for Wasi {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.context, table: &mut self.table }
    }
}

impl Calls<'_> {
    fn ask(&mut self, call: Call, arguments: &[&dyn Put]) -> Asked {
        self.0.taping.ask(call, arguments)
    }

    fn answer<T: Item, E: Fatal>(
        &mut self,
        asked: &Asked,
        real: impl FnOnce(&mut Wasi) -> Result<T, E>,
    ) -> Result<T, E> {
        // Before it is counted, recorded or repeated: what was refused was not asked.
        if let Some(error) = self.1.refuses(asked.call.name()) {
            return Err(E::fatal(error));
        }
        if let Some(count) = self.0.asked.get_mut(asked.call as usize) {
            *count = count.saturating_add(1);
        }
        if let Taping::Replayed(replay) = &mut self.0.taping {
            return replay.answer(asked);
        }
        let answer = real(self.0);
        if let Taping::Recorded(recording) = &mut self.0.taping {
            recording.keep(asked, &answer);
        }
        answer
    }

    /// A replay keeps what is written by itself: there is no stream behind a recorded handle.
    fn replaying(&mut self, act: impl FnOnce(&mut Replay)) {
        if let Taping::Replayed(replay) = &mut self.0.taping {
            act(replay);
        }
    }

    /// A write: what a replay keeps of it is made by `written` from the same argument.
    fn write<A: Put>(
        &mut self,
        call: Call,
        stream: Output,
        argument: A,
        written: fn(&A) -> Vec<u8>,
        real: fn(&mut ResourceTable, Output, A) -> StreamResult<()>,
    ) -> StreamResult<()> {
        let asked = self.ask(call, &[&stream, &argument]);
        if !matches!(self.0.taping, Taping::Replayed(_)) {
            return self.answer(&asked, |wasi| real(&mut wasi.table, stream, argument));
        }
        let answer = self.answer(&asked, |_| Ok(()));
        // A blocking write fills what room there is and then finds the stream closed; any other error writes nothing.
        let blocking = matches!(call, Call::BlockingWrite | Call::BlockingWriteZeroes);
        if answer.is_ok() || (blocking && matches!(answer, Err(StreamError::Closed))) {
            self.replaying(|replay| replay.write(stream.rep(), &written(&argument)));
        }
        answer
    }

    fn splice(
        &mut self,
        call: Call,
        to: &Output,
        from: &Input,
        count: u64,
        real: fn(&mut ResourceTable, &Output, &Input, u64) -> StreamResult<Vec<u8>>,
    ) -> StreamResult<u64> {
        let asked = self.ask(call, &[to, from, &count]);
        let moved = self.answer(&asked, |wasi| real(&mut wasi.table, to, from, count))?;
        self.replaying(|replay| replay.write(to.rep(), &moved));
        Ok(moved.len() as u64)
    }
}

/// The table of all host calls with the implementations of those that need nothing of their own.
///
/// The position of a call in this table is its number on a tape: new ones go to the end, with a new version of the tape
/// if that can't be.
macro_rules! host_calls {
    (
        $($interface:literal $trait:path => $view:ident {
            $($call:ident $name:literal $method:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*
        })*
        elsewhere { $($other:ident $other_name:literal $other_answer:ty;)* }
    ) => {
        /// A function of the host.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Call {
            $($($call,)*)*
            $($other,)*
        }

        impl Call {
            const ALL: &[(Self, &str)] = &[
                $($((Self::$call, concat!($interface, ".", $name)),)*)*
                $((Self::$other, $other_name),)*
            ];

            /// Reads past an answer of this function.
            pub fn skip(self, reader: &mut Reader<'_>) -> Result<(), Damaged> {
                match self {
                    $($(Self::$call => <$answer>::take(reader).map(drop),)*)*
                    $(Self::$other => <$other_answer>::take(reader).map(drop),)*
                }
            }
        }

        $(impl $trait for Calls<'_> {
            $(fn $method(&mut self, $($argument: $type),*) -> $answer {
                let asked = self.ask(Call::$call, &[$(&$argument),*]);
                self.answer(&asked, |wasi| <_ as $trait>::$method(&mut wasi.$view(), $($argument),*))
            })*
        })*
    };
}

/// How many functions there are.
pub(super) const CALLS: usize = Call::ALL.len();

impl Call {
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().map(|(call, _)| *call)
    }

    pub fn at(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).map(|(call, _)| *call)
    }

    /// As in `wasi:clocks/wall-clock.now`.
    pub fn name(self) -> &'static str {
        Self::ALL.get(self as usize).map_or("", |(_, name)| name)
    }

    /// Whether artifacts call it. The handle of an error is made on the way to them.
    pub fn counted(self) -> bool {
        self != Self::ErrorHandle
    }
}

host_calls! {
    "wasi:cli/environment" environment::Host => cli_view {
        GetEnvironment "get-environment" get_environment() -> Outcome<Vec<(String, String)>>;
        GetArguments "get-arguments" get_arguments() -> Outcome<Vec<String>>;
        InitialCwd "initial-cwd" initial_cwd() -> Outcome<Option<String>>;
    }
    "wasi:cli/exit" exit::Host => cli_view {
        Exit "exit" exit(status: Result<(), ()>) -> Outcome<()>;
        ExitWithCode "exit-with-code" exit_with_code(status: u8) -> Outcome<()>;
    }
    "wasi:cli/stdin" stdin::Host => cli_view {
        GetStdin "get-stdin" get_stdin() -> Outcome<Input>;
    }
    "wasi:cli/terminal-input" terminal_input::HostTerminalInput => cli_view {
        DropTerminalInput "terminal-input.drop" drop(terminal: Resource<terminal_input::TerminalInput>) -> Outcome<()>;
    }
    "wasi:cli/terminal-output" terminal_output::HostTerminalOutput => cli_view {
        DropTerminalOutput "terminal-output.drop" drop(terminal: Resource<terminal_output::TerminalOutput>) -> Outcome<()>;
    }
    "wasi:cli/terminal-stdin" terminal_stdin::Host => cli_view {
        GetTerminalStdin "get-terminal-stdin"
            get_terminal_stdin() -> Outcome<Option<Resource<terminal_input::TerminalInput>>>;
    }
    "wasi:cli/terminal-stdout" terminal_stdout::Host => cli_view {
        GetTerminalStdout "get-terminal-stdout"
            get_terminal_stdout() -> Outcome<Option<Resource<terminal_output::TerminalOutput>>>;
    }
    "wasi:cli/terminal-stderr" terminal_stderr::Host => cli_view {
        GetTerminalStderr "get-terminal-stderr"
            get_terminal_stderr() -> Outcome<Option<Resource<terminal_output::TerminalOutput>>>;
    }
    "wasi:clocks/wall-clock" wall_clock::Host => clock_view {
        WallNow "now" now() -> Outcome<wall_clock::Datetime>;
        WallResolution "resolution" resolution() -> Outcome<wall_clock::Datetime>;
    }
    "wasi:clocks/monotonic-clock" monotonic_clock::Host => clock_view {
        MonotonicNow "now" now() -> Outcome<u64>;
        MonotonicResolution "resolution" resolution() -> Outcome<u64>;
        SubscribeInstant "subscribe-instant" subscribe_instant(when: u64) -> Outcome<Pollable>;
        SubscribeDuration "subscribe-duration" subscribe_duration(duration: u64) -> Outcome<Pollable>;
    }
    "wasi:random/random" random::Host => random {
        RandomBytes "get-random-bytes" get_random_bytes(count: u64) -> Outcome<Vec<u8>>;
        RandomU64 "get-random-u64" get_random_u64() -> Outcome<u64>;
    }
    "wasi:random/insecure" insecure::Host => random {
        InsecureBytes "get-insecure-random-bytes" get_insecure_random_bytes(count: u64) -> Outcome<Vec<u8>>;
        InsecureU64 "get-insecure-random-u64" get_insecure_random_u64() -> Outcome<u64>;
    }
    "wasi:random/insecure-seed" insecure_seed::Host => random {
        InsecureSeed "insecure-seed" insecure_seed() -> Outcome<(u64, u64)>;
    }
    "wasi:io/error" error::HostError => resources {
        ToDebugString "error.to-debug-string" to_debug_string(failure: Resource<error::Error>) -> Outcome<String>;
        DropError "error.drop" drop(failure: Resource<error::Error>) -> Outcome<()>;
    }
    "wasi:io/poll" poll::Host => resources {
        Poll "poll" poll(list: Vec<Pollable>) -> Outcome<Vec<u32>>;
    }
    "wasi:io/poll" poll::HostPollable => resources {
        Ready "pollable.ready" ready(pollable: Pollable) -> Outcome<bool>;
        Block "pollable.block" block(pollable: Pollable) -> Outcome<()>;
        DropPollable "pollable.drop" drop(pollable: Pollable) -> Outcome<()>;
    }
    "wasi:io/streams" streams::HostInputStream => resources {
        Read "input-stream.read" read(stream: Input, count: u64) -> StreamResult<Vec<u8>>;
        BlockingRead "input-stream.blocking-read" blocking_read(stream: Input, count: u64) -> StreamResult<Vec<u8>>;
        Skip "input-stream.skip" skip(stream: Input, count: u64) -> StreamResult<u64>;
        BlockingSkip "input-stream.blocking-skip" blocking_skip(stream: Input, count: u64) -> StreamResult<u64>;
        SubscribeInput "input-stream.subscribe" subscribe(stream: Input) -> Outcome<Pollable>;
        DropInput "input-stream.drop" drop(stream: Input) -> Outcome<()>;
    }
    "wasi:filesystem/preopens" preopens::Host => files {
        GetDirectories "get-directories" get_directories() -> Outcome<Vec<(Open, String)>>;
    }
    "wasi:filesystem/types" types::HostDescriptor => files {
        ReadViaStream "descriptor.read-via-stream" read_via_stream(file: Open, offset: u64) -> FsResult<Input>;
        WriteViaStream "descriptor.write-via-stream" write_via_stream(file: Open, offset: u64) -> FsResult<Output>;
        AppendViaStream "descriptor.append-via-stream" append_via_stream(file: Open) -> FsResult<Output>;
        Advise "descriptor.advise"
            advise(file: Open, offset: u64, count: u64, advice: types::Advice) -> FsResult<()>;
        SyncData "descriptor.sync-data" sync_data(file: Open) -> FsResult<()>;
        GetFlags "descriptor.get-flags" get_flags(file: Open) -> FsResult<types::DescriptorFlags>;
        GetType "descriptor.get-type" get_type(file: Open) -> FsResult<types::DescriptorType>;
        SetSize "descriptor.set-size" set_size(file: Open, size: u64) -> FsResult<()>;
        SetTimes "descriptor.set-times"
            set_times(file: Open, accessed: types::NewTimestamp, modified: types::NewTimestamp) -> FsResult<()>;
        ReadFile "descriptor.read" read(file: Open, count: u64, offset: u64) -> FsResult<(Vec<u8>, bool)>;
        WriteFile "descriptor.write" write(file: Open, bytes: Vec<u8>, offset: u64) -> FsResult<u64>;
        ReadDirectory "descriptor.read-directory" read_directory(file: Open) -> FsResult<Entries>;
        Sync "descriptor.sync" sync(file: Open) -> FsResult<()>;
        CreateDirectoryAt "descriptor.create-directory-at" create_directory_at(file: Open, path: String) -> FsResult<()>;
        Stat "descriptor.stat" stat(file: Open) -> FsResult<types::DescriptorStat>;
        StatAt "descriptor.stat-at"
            stat_at(file: Open, how: types::PathFlags, path: String) -> FsResult<types::DescriptorStat>;
        SetTimesAt "descriptor.set-times-at"
            set_times_at(
                file: Open, how: types::PathFlags, path: String, accessed: types::NewTimestamp, modified: types::NewTimestamp
            ) -> FsResult<()>;
        LinkAt "descriptor.link-at"
            link_at(file: Open, how: types::PathFlags, path: String, to: Open, new_path: String) -> FsResult<()>;
        OpenAt "descriptor.open-at"
            open_at(
                file: Open, how: types::PathFlags, path: String, open: types::OpenFlags, flags: types::DescriptorFlags
            ) -> FsResult<Open>;
        ReadlinkAt "descriptor.readlink-at" readlink_at(file: Open, path: String) -> FsResult<String>;
        RemoveDirectoryAt "descriptor.remove-directory-at" remove_directory_at(file: Open, path: String) -> FsResult<()>;
        RenameAt "descriptor.rename-at" rename_at(file: Open, path: String, to: Open, new_path: String) -> FsResult<()>;
        SymlinkAt "descriptor.symlink-at" symlink_at(file: Open, path: String, new_path: String) -> FsResult<()>;
        UnlinkFileAt "descriptor.unlink-file-at" unlink_file_at(file: Open, path: String) -> FsResult<()>;
        IsSameObject "descriptor.is-same-object" is_same_object(file: Open, other: Open) -> Outcome<bool>;
        MetadataHash "descriptor.metadata-hash" metadata_hash(file: Open) -> FsResult<types::MetadataHashValue>;
        MetadataHashAt "descriptor.metadata-hash-at"
            metadata_hash_at(file: Open, how: types::PathFlags, path: String) -> FsResult<types::MetadataHashValue>;
        DropDescriptor "descriptor.drop" drop(file: Open) -> Outcome<()>;
    }
    "wasi:filesystem/types" types::HostDirectoryEntryStream => files {
        ReadDirectoryEntry "directory-entry-stream.read-directory-entry"
            read_directory_entry(entries: Entries) -> FsResult<Option<types::DirectoryEntry>>;
        DropEntries "directory-entry-stream.drop" drop(entries: Entries) -> Outcome<()>;
    }
    elsewhere {
        GetStdout "wasi:cli/stdout.get-stdout" Outcome<Output>;
        GetStderr "wasi:cli/stderr.get-stderr" Outcome<Output>;
        CheckWrite "wasi:io/streams.output-stream.check-write" StreamResult<u64>;
        Write "wasi:io/streams.output-stream.write" StreamResult<()>;
        BlockingWrite "wasi:io/streams.output-stream.blocking-write-and-flush" StreamResult<()>;
        Flush "wasi:io/streams.output-stream.flush" StreamResult<()>;
        BlockingFlush "wasi:io/streams.output-stream.blocking-flush" StreamResult<()>;
        SubscribeOutput "wasi:io/streams.output-stream.subscribe" Outcome<Pollable>;
        WriteZeroes "wasi:io/streams.output-stream.write-zeroes" StreamResult<()>;
        BlockingWriteZeroes "wasi:io/streams.output-stream.blocking-write-zeroes-and-flush" StreamResult<()>;
        Splice "wasi:io/streams.output-stream.splice" StreamResult<Vec<u8>>;
        BlockingSplice "wasi:io/streams.output-stream.blocking-splice" StreamResult<Vec<u8>>;
        DropOutput "wasi:io/streams.output-stream.drop" Outcome<()>;
        FilesystemErrorCode "wasi:filesystem/types.filesystem-error-code" Outcome<Option<types::ErrorCode>>;
        ErrorHandle "wasi:io/error.error" Outcome<Resource<error::Error>>;
    }
}

impl terminal_input::Host for Calls<'_> {}
impl terminal_output::Host for Calls<'_> {}
impl error::Host for Calls<'_> {}

impl stdout::Host for Calls<'_> {
    fn get_stdout(&mut self) -> Outcome<Output> {
        let asked = self.ask(Call::GetStdout, &[]);
        let opened = self.answer(&asked, |wasi| stdout::Host::get_stdout(&mut wasi.cli()))?;
        self.replaying(|replay| replay.opened(opened.rep(), Stream::Stdout));
        Ok(opened)
    }
}

impl stderr::Host for Calls<'_> {
    fn get_stderr(&mut self) -> Outcome<Output> {
        let asked = self.ask(Call::GetStderr, &[]);
        let opened = self.answer(&asked, |wasi| stderr::Host::get_stderr(&mut wasi.cli()))?;
        self.replaying(|replay| replay.opened(opened.rep(), Stream::Stderr));
        Ok(opened)
    }
}

impl types::Host for Calls<'_> {
    fn convert_error_code(&mut self, error: FsError) -> Outcome<types::ErrorCode> {
        error.downcast().map(Into::into)
    }

    fn filesystem_error_code(&mut self, failure: Resource<error::Error>) -> Outcome<Option<types::ErrorCode>> {
        let asked = self.ask(Call::FilesystemErrorCode, &[&failure]);
        self.answer(&asked, |wasi| types::Host::filesystem_error_code(&mut wasi.files(), failure))
    }
}

impl streams::Host for Calls<'_> {
    fn convert_stream_error(&mut self, error: StreamError) -> Outcome<streams::StreamError> {
        let failure = match error {
            StreamError::Closed => return Ok(streams::StreamError::Closed),
            StreamError::Trap(error) => return Err(error),
            StreamError::LastOperationFailed(failure) => failure,
        };
        let asked = self.ask(Call::ErrorHandle, &[]);
        let handle = self.answer(&asked, |wasi| Ok::<_, wasmtime::Error>(wasi.table.push(failure)?))?;
        Ok(streams::StreamError::LastOperationFailed(handle))
    }
}

impl streams::HostOutputStream for Calls<'_> {
    fn check_write(&mut self, stream: Output) -> StreamResult<u64> {
        let asked = self.ask(Call::CheckWrite, &[&stream]);
        self.answer(&asked, |wasi| streams::HostOutputStream::check_write(&mut wasi.table, stream))
    }

    fn write(&mut self, stream: Output, bytes: Vec<u8>) -> StreamResult<()> {
        Calls::write(self, Call::Write, stream, bytes, Vec::clone, streams::HostOutputStream::write)
    }

    fn blocking_write_and_flush(&mut self, stream: Output, bytes: Vec<u8>) -> StreamResult<()> {
        let real = streams::HostOutputStream::blocking_write_and_flush;
        Calls::write(self, Call::BlockingWrite, stream, bytes, Vec::clone, real)
    }

    fn flush(&mut self, stream: Output) -> StreamResult<()> {
        let asked = self.ask(Call::Flush, &[&stream]);
        self.answer(&asked, |wasi| streams::HostOutputStream::flush(&mut wasi.table, stream))
    }

    fn blocking_flush(&mut self, stream: Output) -> StreamResult<()> {
        let asked = self.ask(Call::BlockingFlush, &[&stream]);
        self.answer(&asked, |wasi| streams::HostOutputStream::blocking_flush(&mut wasi.table, stream))
    }

    fn subscribe(&mut self, stream: Output) -> Outcome<Pollable> {
        let asked = self.ask(Call::SubscribeOutput, &[&stream]);
        self.answer(&asked, |wasi| streams::HostOutputStream::subscribe(&mut wasi.table, stream))
    }

    fn write_zeroes(&mut self, stream: Output, count: u64) -> StreamResult<()> {
        let real = streams::HostOutputStream::write_zeroes;
        Calls::write(self, Call::WriteZeroes, stream, count, zeroes, real)
    }

    fn blocking_write_zeroes_and_flush(&mut self, stream: Output, count: u64) -> StreamResult<()> {
        let real = streams::HostOutputStream::blocking_write_zeroes_and_flush;
        Calls::write(self, Call::BlockingWriteZeroes, stream, count, zeroes, real)
    }

    fn splice(&mut self, to: Output, from: Input, count: u64) -> StreamResult<u64> {
        Calls::splice(self, Call::Splice, &to, &from, count, splice)
    }

    fn blocking_splice(&mut self, to: Output, from: Input, count: u64) -> StreamResult<u64> {
        Calls::splice(self, Call::BlockingSplice, &to, &from, count, blocking_splice)
    }

    fn drop(&mut self, stream: Output) -> Outcome<()> {
        let asked = self.ask(Call::DropOutput, &[&stream]);
        self.replaying(|replay| replay.closed(stream.rep()));
        self.answer(&asked, |wasi| streams::HostOutputStream::drop(&mut wasi.table, stream))
    }
}

/// What a write of zeroes writes, as far as there can be room for it.
fn zeroes(count: &u64) -> Vec<u8> {
    vec![0; usize::try_from(*count).unwrap_or(usize::MAX).min(WRITTEN_BYTES_MAX)]
}

/// The most that one blocking write takes, in bytes.
const BLOCKING_WRITE_MAX: u64 = 4096;

/// A read and a write, so that the bytes come by and can be recorded.
fn splice(table: &mut ResourceTable, to: &Output, from: &Input, count: u64) -> StreamResult<Vec<u8>> {
    use streams::{HostInputStream, HostOutputStream};
    let room = HostOutputStream::check_write(table, Resource::new_borrow(to.rep()))?;
    let bytes = HostInputStream::read(table, Resource::new_borrow(from.rep()), count.min(room))?;
    HostOutputStream::write(table, Resource::new_borrow(to.rep()), bytes.clone())?;
    Ok(bytes)
}

/// As [`splice`], waiting for room and for bytes.
fn blocking_splice(table: &mut ResourceTable, to: &Output, from: &Input, count: u64) -> StreamResult<Vec<u8>> {
    use streams::{HostInputStream, HostOutputStream};
    HostOutputStream::blocking_flush(table, Resource::new_borrow(to.rep()))?;
    let room = HostOutputStream::check_write(table, Resource::new_borrow(to.rep()))?.min(BLOCKING_WRITE_MAX);
    let bytes = HostInputStream::blocking_read(table, Resource::new_borrow(from.rep()), count.min(room))?;
    HostOutputStream::blocking_write_and_flush(table, Resource::new_borrow(to.rep()), bytes.clone())?;
    Ok(bytes)
}
