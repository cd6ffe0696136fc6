//! How long to wait before the next attempt.

use std::time::Duration;

use jiff::fmt::rfc2822;
use proofmark_mark::digest::Digest;

use super::exchange::Head;
use crate::config::Retries;
use crate::error::Error;

/// The wait after the attempt with that number, from 1: twice as long each time, of which a random half is taken off, the
/// same for the same seed. An endpoint's wish is kept where it is longer.
///
/// # Errors
/// [`Error::RetryLater`] if the endpoint's wish is longer than the longest wait.
pub(super) fn wait(retries: &Retries, attempt: u32, wished: Option<Duration>) -> Result<Duration, Error> {
    let doublings = attempt.saturating_sub(1).min(32);
    let most = retries.wait_ms.saturating_mul(1_u64.checked_shl(doublings).unwrap_or(u64::MAX));
    let most = most.min(retries.wait_ms_max);
    let half = most.div_euclid(2);
    let jitter = random(retries.seed, attempt).checked_rem(most.saturating_sub(half).saturating_add(1)).unwrap_or(0);
    let own = Duration::from_millis(half.saturating_add(jitter));
    let longest = Duration::from_millis(retries.wait_ms_max);
    match wished {
        Some(wished) if wished > longest => {
            Err(Error::RetryLater { seconds: wished.as_secs(), seconds_max: longest.as_secs() })
        }
        Some(wished) => Ok(own.max(wished)),
        None => Ok(own),
    }
}

fn random(seed: u64, attempt: u32) -> u64 {
    let digest = Digest::of_parts(&[&seed.to_be_bytes(), &attempt.to_be_bytes()]);
    digest.as_bytes().iter().take(8).fold(0, |sum: u64, byte| sum.wrapping_shl(8) | u64::from(*byte))
}

/// What the header `Retry-After` asks for: seconds, or a date, which is held against the answer's own `Date`, so that no
/// clock is needed and a wrong one does not matter (RFC 9110, section 10.2.3).
pub(super) fn wished(head: &Head) -> Option<Duration> {
    let text = head.retry_after.as_deref()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are more than anyone waits.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let parse = |text: &str| rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok();
    let seconds = parse(text)?.as_second().saturating_sub(parse(head.date.as_deref()?)?.as_second());
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRIES: Retries = Retries { attempts: 9, wait_ms: 100, wait_ms_max: 2000, seed: 7 };

    fn head(retry_after: &str, date: Option<&str>) -> Head {
        Head {
            status: 429,
            is_events: false,
            is_encoded: false,
            retry_after: Some(retry_after.to_owned()),
            date: date.map(str::to_owned),
        }
    }

    #[test]
    fn waits_double_up_to_the_longest_and_are_the_same_for_the_same_seed() {
        let waits = |seed| -> Vec<u128> {
            let retries = Retries { seed, ..RETRIES };
            (1..9).map(|attempt| wait(&retries, attempt, None).unwrap().as_millis()).collect()
        };
        assert_eq!(waits(7), waits(7));
        assert_ne!(waits(7), waits(8));
        for (nth, wait) in waits(7).into_iter().enumerate() {
            let most = (100_u128 << nth).min(2000);
            assert!((most / 2..=most).contains(&wait), "{nth}: {wait}");
        }
        assert!(wait(&RETRIES, u32::MAX, None).unwrap().as_millis() <= 2000);
    }

    #[test]
    fn an_endpoint_s_wish_is_kept_unless_it_is_too_long() {
        assert_eq!(wait(&RETRIES, 1, Some(Duration::from_secs(1))).unwrap().as_millis(), 1000);
        let later = Err(Error::RetryLater { seconds: 3600, seconds_max: 2 });
        assert_eq!(wait(&RETRIES, 1, Some(Duration::from_secs(3600))), later);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let seconds = |head: &Head| wished(head).map(|wish| wish.as_secs());
        assert_eq!(seconds(&head("120", None)), Some(120));
        assert_eq!(seconds(&head("99999999999999999999999", None)), Some(u64::MAX));
        let now = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(seconds(&head("Sun, 06 Nov 1994 08:50:00 GMT", now)), Some(23));
        assert_eq!(seconds(&head("Sun, 06 Nov 1994 08:00:00 GMT", now)), Some(0), "over already");
        assert_eq!(seconds(&head("Sun, 06 Nov 1994 08:50:00 GMT", None)), None, "no clock to hold it against");
        assert_eq!(seconds(&head("soon", now)), None);
        assert_eq!(seconds(&head("-5", now)), None);
        assert_eq!(seconds(&head("", now)), None);
    }
}
