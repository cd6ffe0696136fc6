//! Paths of requests: what is read is its own spelling, and holds nothing that two servers could read in two ways.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_contract::egress::path::{Path, Pattern};

fuzz_target!(|data: &str| {
    let _ = Pattern::read(data);
    if let Ok(path) = Path::read(data) {
        assert_eq!(Path::read(path.as_str()).as_ref(), Ok(&path));
        for bad in ["//", "/./", "/../", "%2F", "%5C", "%25", "%2E", "%00", ";", "\\", "?", "#"] {
            assert!(!path.as_str().contains(bad));
        }
        assert!(!path.as_str().ends_with("/..") && !path.as_str().ends_with("/."));
    }
});
