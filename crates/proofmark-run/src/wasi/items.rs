//! How arguments and results of host calls are written to a tape and read from one (`spec/tape.md`).
//!
//! A tape comes from a process that ran an artifact: reading it checks every length before anything is allocated, and
//! must never panic.

use wasmtime::component::Resource;
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::filesystem::types as plain;
use wasmtime_wasi::p2::bindings::sync::filesystem::types as sync;
use wasmtime_wasi::p2::{FsError, StreamError};

/// The bytes are not what was to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged;

/// What is not read yet.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], Damaged> {
        let (head, tail) = self.0.split_at_checked(count).ok_or(Damaged)?;
        self.0 = tail;
        Ok(head)
    }

    pub fn byte(&mut self) -> Result<u8, Damaged> {
        let (byte, tail) = self.0.split_first().ok_or(Damaged)?;
        self.0 = tail;
        Ok(*byte)
    }

    /// A number of items that each take a byte or more.
    fn count(&mut self) -> Result<usize, Damaged> {
        let count = usize::try_from(u64::take(self)?).map_err(|_| Damaged)?;
        if count <= self.0.len() { Ok(count) } else { Err(Damaged) }
    }
}

/// What can be an argument of a host call.
pub trait Put {
    fn put(&self, out: &mut Vec<u8>);

    fn put_all(list: &[Self], out: &mut Vec<u8>)
    where
        Self: Sized,
    {
        for item in list {
            item.put(out);
        }
    }
}

/// What can be in the result of one.
pub trait Item: Put + Sized {
    fn take(from: &mut Reader<'_>) -> Result<Self, Damaged>;

    fn take_all(from: &mut Reader<'_>, count: usize) -> Result<Vec<Self>, Damaged> {
        (0..count).map(|_| Self::take(from)).collect()
    }
}

/// The error of a host function that can end the instance.
pub trait Fatal: Item {
    fn fatal(error: wasmtime::Error) -> Self;
}

impl Put for u64 {
    /// LEB128.
    fn put(&self, out: &mut Vec<u8>) {
        let mut left = *self;
        while left >= 0x80 {
            out.push(left as u8 | 0x80);
            left >>= 7;
        }
        out.push(left as u8);
    }
}

impl Item for u64 {
    fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = from.byte()?;
            if shift == 63 && byte > 1 {
                return Err(Damaged);
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Damaged)
    }
}

impl Put for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        u64::from(*self).put(out);
    }
}

impl Item for u32 {
    fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        u64::take(from)?.try_into().map_err(|_| Damaged)
    }
}

impl Put for u8 {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn put_all(list: &[Self], out: &mut Vec<u8>) {
        out.extend_from_slice(list);
    }
}

impl Item for u8 {
    fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        from.byte()
    }

    fn take_all(from: &mut Reader<'_>, count: usize) -> Result<Vec<Self>, Damaged> {
        from.bytes(count).map(<[u8]>::to_vec)
    }
}

impl Put for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl Item for bool {
    fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        match from.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Damaged),
        }
    }
}

impl Put for () {
    fn put(&self, _: &mut Vec<u8>) {}
}

impl Item for () {
    fn take(_: &mut Reader<'_>) -> Result<Self, Damaged> {
        Ok(())
    }
}

impl<T: Put> Put for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        T::put_all(self, out);
    }
}

impl<T: Item> Item for Vec<T> {
    fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        let count = from.count()?;
        T::take_all(from, count)
    }
}

impl Put for String {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        out.extend_from_slice(self.as_bytes());
    }
}

impl Item for String {
    fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        Self::from_utf8(Vec::take(from)?).map_err(|_| Damaged)
    }
}

impl<T: Put> Put for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(item) = self {
            item.put(out);
        }
    }
}

impl<T: Item> Item for Option<T> {
    fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        bool::take(from)?.then(|| T::take(from)).transpose()
    }
}

impl<A: Put, B: Put> Put for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }
}

impl<A: Item, B: Item> Item for (A, B) {
    fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        Ok((A::take(from)?, B::take(from)?))
    }
}

impl<T: Put, E: Put> Put for Result<T, E> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_ok().put(out);
        match self {
            Ok(item) => item.put(out),
            Err(error) => error.put(out),
        }
    }
}

impl<T: Item, E: Item> Item for Result<T, E> {
    fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        Ok(if bool::take(from)? { Ok(T::take(from)?) } else { Err(E::take(from)?) })
    }
}

impl<T: 'static> Put for Resource<T> {
    /// Its number, which the host chose; on a replay nothing is behind it.
    fn put(&self, out: &mut Vec<u8>) {
        self.rep().put(out);
    }
}

impl<T: 'static> Item for Resource<T> {
    fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        Ok(Self::new_own(u32::take(from)?))
    }
}

impl Put for wasmtime::Error {
    /// What `program` makes of an error: the status of an exit, or the first line of its cause.
    fn put(&self, out: &mut Vec<u8>) {
        match self.downcast_ref::<I32Exit>() {
            Some(exit) => Ok::<u32, String>(exit.0.cast_unsigned()),
            None => Err(self.root_cause().to_string().lines().next().unwrap_or_default().to_owned()),
        }
        .put(out);
    }
}

impl Item for wasmtime::Error {
    fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        Ok(match Result::<u32, String>::take(from)? {
            Ok(status) => Self::from(I32Exit(status.cast_signed())),
            Err(text) => Self::msg(text),
        })
    }
}

impl Fatal for wasmtime::Error {
    fn fatal(error: wasmtime::Error) -> Self {
        error
    }
}

impl Put for StreamError {
    /// Why an operation failed stays with the host: the artifact gets a handle, and asks for the words by a host call.
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Closed => out.push(0),
            Self::LastOperationFailed(_) => out.push(1),
            Self::Trap(error) => {
                out.push(2);
                error.put(out);
            }
        }
    }
}

impl Item for StreamError {
    fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        match from.byte()? {
            0 => Ok(Self::Closed),
            1 => Ok(Self::LastOperationFailed(wasmtime::Error::msg("as recorded"))),
            2 => Ok(Self::Trap(wasmtime::Error::take(from)?)),
            _ => Err(Damaged),
        }
    }
}

impl Fatal for StreamError {
    fn fatal(error: wasmtime::Error) -> Self {
        Self::Trap(error)
    }
}

impl Put for FsError {
    fn put(&self, out: &mut Vec<u8>) {
        match self.downcast_ref() {
            Some(code) => Ok::<plain::ErrorCode, String>(*code),
            None => Err(self.to_string().lines().next().unwrap_or_default().to_owned()),
        }
        .put(out);
    }
}

impl Item for FsError {
    fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        Ok(match Result::<plain::ErrorCode, String>::take(from)? {
            Ok(code) => code.into(),
            Err(text) => Self::trap(wasmtime::Error::msg(text)),
        })
    }
}

impl Fatal for FsError {
    fn fatal(error: wasmtime::Error) -> Self {
        Self::trap(error)
    }
}

/// An enumeration without fields, or a set of flags of at most eight: by position.
macro_rules! positions {
    ($(enum $name:ty { $($case:ident),* $(,)? })*) => { $(
        impl Put for $name {
            fn put(&self, out: &mut Vec<u8>) {
                const CASES: &[$name] = &[$(<$name>::$case),*];
                let position = CASES.iter().position(|case| std::mem::discriminant(case) == std::mem::discriminant(self));
                out.push(position.and_then(|position| u8::try_from(position).ok()).unwrap_or(u8::MAX));
            }
        }

        impl Item for $name {
            fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
                const CASES: &[$name] = &[$(<$name>::$case),*];
                CASES.get(usize::from(from.byte()?)).copied().ok_or(Damaged)
            }
        }
    )* };
    ($(flags $name:ty { $($flag:ident),* $(,)? })*) => { $(
        impl Put for $name {
            fn put(&self, out: &mut Vec<u8>) {
                let flags = [$(<$name>::$flag),*];
                out.push(flags.iter().rev().fold(0, |bits, flag| bits << 1 | u8::from(self.contains(*flag))));
            }
        }

        impl Item for $name {
            fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
                let mut bits = from.byte()?;
                let mut flags = Self::empty();
                for flag in [$(<$name>::$flag),*] {
                    if bits & 1 == 1 {
                        flags |= flag;
                    }
                    bits >>= 1;
                }
                if bits == 0 { Ok(flags) } else { Err(Damaged) }
            }
        }
    )* };
}

macro_rules! error_codes {
    ($($name:ty),*) => { positions! { $(enum $name {
        Access, WouldBlock, Already, BadDescriptor, Busy, Deadlock, Quota, Exist, FileTooLarge, IllegalByteSequence,
        InProgress, Interrupted, Invalid, Io, IsDirectory, Loop, TooManyLinks, MessageSize, NameTooLong, NoDevice, NoEntry,
        NoLock, InsufficientMemory, InsufficientSpace, NotDirectory, NotEmpty, NotRecoverable, Unsupported, NoTty,
        NoSuchDevice, Overflow, NotPermitted, Pipe, ReadOnly, InvalidSeek, TextFileBusy, CrossDevice,
    })* } };
}

error_codes!(plain::ErrorCode, sync::ErrorCode);

positions! {
    enum sync::DescriptorType {
        Unknown, BlockDevice, CharacterDevice, Directory, Fifo, SymbolicLink, RegularFile, Socket,
    }
    enum sync::Advice { Normal, Sequential, Random, WillNeed, DontNeed, NoReuse }
}

positions! {
    flags sync::DescriptorFlags {
        READ, WRITE, FILE_INTEGRITY_SYNC, DATA_INTEGRITY_SYNC, REQUESTED_WRITE_SYNC, MUTATE_DIRECTORY,
    }
    flags sync::PathFlags { SYMLINK_FOLLOW }
    flags sync::OpenFlags { CREATE, DIRECTORY, EXCLUSIVE, TRUNCATE }
}

macro_rules! records {
    ($($name:ty { $($field:ident),* $(,)? })*) => { $(
        impl Put for $name {
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)*
            }
        }

        impl Item for $name {
            fn take(from: &mut Reader<'_>) -> Result<Self, Damaged> {
                Ok(Self { $($field: Item::take(from)?),* })
            }
        }
    )* };
}

records! {
    Datetime { seconds, nanoseconds }
    sync::MetadataHashValue { lower, upper }
    sync::DirectoryEntry { type_, name }
    sync::DescriptorStat {
        type_, link_count, size, data_access_timestamp, data_modification_timestamp, status_change_timestamp,
    }
}

impl Put for sync::NewTimestamp {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::NoChange => out.push(0),
            Self::Now => out.push(1),
            Self::Timestamp(time) => {
                out.push(2);
                time.put(out);
            }
        }
    }
}
