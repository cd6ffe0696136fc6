//! What `inspect` found in a native executable, on one screen.

use std::path::Path;

use anstream::println;
use proofmark_mark::digest::Digest;
use proofmark_run::elf::Profile;

use super::{BOLD, line, safe};

/// Names shown of a long list.
const SHOWN_MAX: usize = 40;

pub fn profile(path: &Path, digest: Digest, profile: &Profile) {
    println!("{BOLD}{}{BOLD:#}", path.display());
    line("digest", &format!("sha256:{digest}"));
    line("kind", &format!("{} ELF executable, {} bytes", profile.kind.name(), profile.bytes));
    let loaded: Vec<String> = profile.interpreter.iter().chain(&profile.libraries).map(|name| safe(name)).collect();
    line("loads", &list(&loaded));
    line("imports", &list(&profile.imports.iter().map(|name| safe(name)).collect::<Vec<_>>()));
    let calls: Vec<String> = profile.system_calls.iter().map(|call| call.name.clone()).collect();
    line("calls", &list(&calls));
    if profile.code.unknown_sites > 0 {
        line("", &format!("and {} places whose system call can't be told", profile.code.unknown_sites));
    }
    for need in &profile.needs {
        let first = need.evidence.first().map(|evidence| safe(&evidence.what)).unwrap_or_default();
        let sure = if need.certain { "" } else { ", perhaps" };
        line("wants", &format!("{}{sure}: {first}, {} in all", need.want.name(), need.evidence_count));
    }
    for finding in &profile.findings {
        line("sign", &safe(&format!("{}: {}", finding.sign, finding.why)));
    }
    for unseen in &profile.unseen {
        line("unseen", &safe(unseen));
    }
    for claim in &profile.producers {
        line("claims", &safe(claim));
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        names => {
            let more = names.len().saturating_sub(SHOWN_MAX);
            let shown = names.iter().take(SHOWN_MAX).cloned().collect::<Vec<_>>().join(", ");
            if more > 0 { format!("{shown} and {more} more") } else { shown }
        }
    }
}
