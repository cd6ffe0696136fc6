//! Signs that a person should know of: packing, code that changes itself, resistance to being watched, lies in headers.
//!
//! A sign is no verdict. What an executable wants because of one stands under its needs; an absent sign proves nothing.

use super::code::Found;
use super::image::Image;
use super::sections::Claims;
use super::state::Value;
use super::track::Target;
use super::{Finding, Machine, Profile, Stack, Want, library, numbers};

/// Entropy, in thousandths of a bit for each byte, that code and data do not reach but compressed bytes do.
const PACKED_MILLIBITS: u64 = 7200;
/// Segments smaller than this say nothing by their entropy.
const PACKED_BYTES: u64 = 4096;
/// An import table this small, in a file without sections, is a loader's.
const FEW_IMPORTS: u64 = 8;

/// All signs, by name.
pub fn findings(profile: &Profile, image: &Image<'_>, claims: &Claims, found: &Found) -> Vec<Finding> {
    let mut signs = Signs(Vec::new());
    signs.packing(profile, image);
    signs.headers(profile, image, claims, found);
    signs.code(profile, image, found);
    signs.0.sort();
    signs.0.dedup();
    signs.0
}

struct Signs(Vec<Finding>);

impl Signs {
    fn add(&mut self, sign: &str, why: impl Into<String>) {
        self.0.push(Finding { sign: sign.to_owned(), why: why.into() });
    }

    fn packing(&mut self, profile: &Profile, image: &Image<'_>) {
        let upx_section = profile.sections.names.iter().any(|name| name.starts_with("UPX"));
        if upx_section || holds(image.bytes, b"UPX!") {
            self.add("packer-mark", "the marks of the packer UPX");
        }
        for (at, segment) in profile.segments.iter().enumerate() {
            let millibits = segment.entropy_millibits.filter(|_| segment.file_bytes >= PACKED_BYTES).unwrap_or(0);
            if segment.permissions.ends_with('x') && millibits > PACKED_MILLIBITS {
                let bits = format!("{}.{:03}", millibits / 1000, millibits % 1000);
                self.add("packed", format!("executable segment {at} has {bits} bits of entropy in each byte"));
            }
            if segment.permissions.ends_with('x') && segment.memory_bytes > segment.file_bytes.saturating_mul(4) {
                self.add("packed", format!("executable segment {at} is far larger in memory than in the file"));
            }
        }
        if profile.sections.count == 0 {
            self.add("no-sections", "no section table");
            if profile.interpreter.is_some() && profile.import_count <= FEW_IMPORTS {
                let imports = profile.import_count;
                self.add("packed", format!("no section table, and only {imports} imports"));
            }
        }
        if profile.overlay_bytes > 0 {
            self.add("overlay", format!("{} bytes after the end that the headers name", profile.overlay_bytes));
        }
    }

    fn headers(&mut self, profile: &Profile, image: &Image<'_>, claims: &Claims, found: &Found) {
        let first = image.loads.iter().filter(|load| load.executable()).min_by_key(|load| load.address);
        match first {
            None => self.add("entry", "no executable segment"),
            Some(_) if !image.executable_at(image.entry) => {
                self.add("entry", "it starts outside of executable segments")
            }
            Some(first) if !first.contains(image.entry) => {
                self.add("entry", "it starts outside of its first executable segment")
            }
            Some(_) if profile.machine == Machine::X86_64 && !found.entry_decodes => {
                self.add("entry", "it starts where there is no instruction");
            }
            Some(_) => {}
        }
        if claims.broken {
            self.add("odd-headers", "the section table can't be read");
        }
        match image.stack_headers() {
            0 => self.add("odd-stack", "no `PT_GNU_STACK`: whether the stack is executable is left to others"),
            1 => {}
            count => self.add("odd-stack", format!("{count} headers `PT_GNU_STACK`")),
        }
        if profile.hardening.stack == Stack::Executable {
            self.add("executable-stack", "`PT_GNU_STACK` asks for an executable stack");
        }
        if let Some(interpreter) = profile.interpreter.as_ref().filter(|name| !library::is_loader(name)) {
            self.add("odd-interpreter", format!("interpreter `{interpreter}` is no usual loader"));
        }
        for path in profile.runpath.iter().chain(&profile.rpath) {
            self.add("library-path", format!("libraries are looked for in `{path}` first"));
        }
        for load in image.loads.iter().filter(|load| load.writable() && load.executable()) {
            self.add("writable-code", format!("segment {} is writable and executable", load.index));
        }
        if profile.hardening.text_relocations {
            self.add("writable-code", "the loader writes into its code (`DT_TEXTREL`)");
        }
    }

    fn code(&mut self, profile: &Profile, image: &Image<'_>, found: &Found) {
        let generated = profile.needs.iter().filter(|need| need.want == Want::GeneratedCode);
        for evidence in generated.flat_map(|need| &need.evidence).filter(|evidence| evidence.address.is_some()) {
            let makes = evidence.what.starts_with("import") || evidence.what.starts_with("system call");
            if makes && evidence.certain {
                self.add("makes-code", format!("{} with executable memory or files", evidence.what));
            }
        }
        let imports = |name: &str| profile.imports.iter().any(|import| import == name);
        let calls = |name: &str| profile.system_calls.iter().any(|call| call.name == name);
        for name in ["memfd_create", "execveat", "fexecve"] {
            if imports(name) || calls(name) {
                self.add("runs-from-memory", format!("`{name}` can start a program that is in no file"));
            }
        }
        if imports("ptrace") || calls("ptrace") {
            let traced = found.uses.iter().any(|site| {
                let is = site.target == Target::Kernel && site.known_number() == numbers::number("ptrace");
                is && site.arguments.first() == Some(&Value::Known(0))
            });
            let why =
                if traced { "asks to be traced (`PTRACE_TRACEME`), so that nobody else can" } else { "uses `ptrace`" };
            self.add("resists-watching", why);
        }
        if holds(image.bytes, b"TracerPid") {
            self.add("resists-watching", "names `TracerPid`, where the kernel tells who traces it");
        }
        if profile.system_calls.iter().any(|call| call.name.starts_with("i386:"))
            || found.uses.iter().any(|site| site.target == Target::Legacy)
        {
            self.add("32-bit-calls", "enters the kernel by the table of 32-bit system calls");
        }
        if found.far_jumps > 0 {
            self.add("far-jumps", format!("{} instructions load a code segment", found.far_jumps));
        }
    }
}

fn holds(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}
