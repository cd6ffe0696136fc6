//! The executable of a native payload, as bytes that nobody can change between their check and their execution.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use object::elf::{FileHeader64, PF_X, PT_GNU_STACK};
use object::endian::Endianness;
use object::read::elf::{FileHeader as _, ProgramHeader as _};

use super::error::FenceError;
use super::sys;

/// A sealed memory file with an executable's bytes. No path leads to it, it works where every mount forbids
/// execution, and one copy serves any number of fences. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Sealed {
    /// `None` only where a plan was read from its JSON: the descriptor travels beside it.
    fd: Option<Arc<OwnedFd>>,
    stack_is_executable: bool,
}

impl Sealed {
    /// Copies `bytes` into a memory file and seals it.
    ///
    /// # Errors
    /// The host has no memory left, or forbids executable memory files (`vm.memfd_noexec`).
    pub fn new(bytes: &[u8]) -> Result<Self, FenceError> {
        let fd = sys::sealed(c"program", bytes, sys::Executable::Yes)
            .map_err(|errno| FenceError::Program { reason: errno.desc().to_owned() })?;
        Ok(Self { fd: Some(Arc::new(fd)), stack_is_executable: stack_is_executable(bytes) })
    }

    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.fd.as_deref().map(AsFd::as_fd)
    }

    /// The kernel itself would make the stack writable and executable, which `PR_SET_MDWE` does not stop.
    pub(super) const fn stack_is_executable(&self) -> bool {
        self.stack_is_executable
    }
}

/// What is no 64-bit ELF file does not start at all, so it has no stack.
fn stack_is_executable(bytes: &[u8]) -> bool {
    let Ok(header) = FileHeader64::<Endianness>::parse(bytes) else { return false };
    let Ok(endian) = header.endian() else { return false };
    let Ok(segments) = header.program_headers(endian, bytes) else { return false };
    segments.iter().any(|segment| segment.p_type(endian) == PT_GNU_STACK && segment.p_flags(endian) & PF_X != 0)
}
