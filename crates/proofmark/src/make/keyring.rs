//! Reads providers' keys: from the environment, or from the kernel's keyrings of this process.

use std::ffi::OsString;

use linux_keyutils::{KeyError, KeyRing, KeyRingIdentifier};
use proofmark_generate::{KeySource, Secret};

/// The key that a generator names.
///
/// # Errors
/// Where it was looked for, and that it is not there or no key. Nothing of what is there is said.
pub fn read(source: &KeySource) -> Result<Secret, String> {
    match source {
        KeySource::Environment(name) => match std::env::var_os(name).map(OsString::into_string) {
            Some(Ok(text)) => {
                Secret::new(text).map_err(|error| format!("the environment variable `{name}` holds no key: {error}"))
            }
            Some(Err(_)) => Err(format!("the environment variable `{name}` holds no key: it is not text")),
            None => Err(format!("it needs the environment variable `{name}`, which is not set")),
        },
        KeySource::Keyring { service, entry } => {
            let name = format!("{service}/{entry}");
            let bytes = kept(&name).map_err(|error| {
                format!(
                    "it needs the key `{name}` in the kernel's keyring of this session or user, where it can't be read: \
                     {error}; `keyctl padd user {name} @u` puts it there from standard input"
                )
            })?;
            let wrong = |why: &dyn std::fmt::Display| format!("`{name}` in the keyring holds no key: {why}");
            let text = String::from_utf8(bytes).map_err(|_| wrong(&"it is not text"))?;
            Secret::new(text).map_err(|error| wrong(&error))
        }
    }
}

/// What a key of type `user` holds, in the session's keyring or else in the user's.
fn kept(name: &str) -> Result<Vec<u8>, KeyError> {
    let look = |keyring| KeyRing::from_special_id(keyring, false)?.search(name)?.read_to_vec();
    look(KeyRingIdentifier::Session).or_else(|_| look(KeyRingIdentifier::User))
}
