//! Requests that are sent again, and those that are not.

use std::time::{Duration, Instant};

use proofmark_generate::{Error, Protocol, State};

use crate::endpoint::{Script, Scripted, Seen, Step, answer, ask, asked, chunk, client, ok, settings, stream_head};

const GOOD: &str = r#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;

/// The waits of a request to an endpoint with these scripts that succeeds in the end, in milliseconds.
fn waits(scripts: Vec<Script>) -> (Vec<u64>, u32, Duration) {
    let scripted = Scripted::start(scripts);
    let mut seen = Seen::default();
    let started = Instant::now();
    let reply = ask(&client(settings(Protocol::OpenAi, scripted.url())), "add", &mut seen).unwrap();
    let wait = |state| match state {
        State::Waiting { milliseconds } => Some(milliseconds),
        _ => None,
    };
    (seen.progress.iter().filter_map(|one| wait(one.state)).collect(), reply.attempts, started.elapsed())
}

#[test]
fn what_may_be_another_time_is_asked_again() {
    let cut = vec![stream_head(), chunk("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n")];
    for bad in [answer(500, "", ""), answer(502, "", "<html>"), answer(429, "", "{}"), cut, vec![]] {
        let (waits, attempts, _) = waits(vec![bad, ok(GOOD)]);
        assert_eq!((waits.len(), attempts), (1, 2));
        assert!(waits[0] <= 2, "{waits:?}");
    }
}

#[test]
fn the_wait_that_an_endpoint_wishes_is_kept() {
    let (seconds, _, took) = waits(vec![answer(429, "Retry-After: 1\r\n", "{}"), ok(GOOD)]);
    assert_eq!(seconds, [1000]);
    assert!(took >= Duration::from_secs(1));
    let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:39 GMT\r\n";
    let (date, _, took) = waits(vec![answer(503, date, "{}"), ok(GOOD)]);
    assert_eq!(date, [2000]);
    assert!(took >= Duration::from_secs(2));
}

#[test]
fn nobody_waits_longer_than_the_longest_wait_or_the_whole_time() {
    let (result, count) = asked(vec![answer(429, "Retry-After: 3600\r\n", "{}"), ok(GOOD)], |_| {});
    let failure = result.unwrap_err();
    assert_eq!((failure.error, count), (Error::RetryLater { seconds: 3600, seconds_max: 3 }, 1));
    let started = Instant::now();
    let (result, count) = asked(vec![answer(429, "Retry-After: 3\r\n", "{}"), ok(GOOD)], |endpoint| {
        endpoint.timeouts.whole_ms = 2000;
    });
    let failure = result.unwrap_err();
    assert_eq!((failure.error, count), (Error::Status { status: 429, said: None }, 1));
    assert!(started.elapsed() < Duration::from_secs(2), "it does not wait for what can't come");
}

#[test]
fn attempts_are_charged_with_what_they_may_have_cost() {
    let cut = vec![stream_head(), chunk("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n")];
    let scripted = Scripted::start(vec![answer(500, "", ""), cut, ok(GOOD)]);
    let client = client(settings(Protocol::OpenAi, scripted.url()));
    ask(&client, "add", &mut Seen::default()).unwrap();
    let spent = client.spent();
    // Nothing for the error, the most for the one that was cut (8 and 3 bytes, 2 messages), and what was said for the last.
    assert_eq!((spent.requests, spent.input_tokens, spent.output_tokens), (3, 8 + 3 + 32 + 3, 100 + 2));
}

#[test]
fn a_request_is_stopped_wherever_it_is() {
    let hang = vec![Step::Hang];
    let late = answer(429, "Retry-After: 3\r\n", "{}");
    let piece = chunk("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n");
    // Before the answer, in the middle of it, in a wait: after so much progress.
    for (script, after) in [(hang, 1), (vec![stream_head(), piece, Step::Hang], 2), (late, 2)] {
        let scripted = Scripted::start(vec![script]);
        let started = Instant::now();
        let mut seen = Seen { stop_after: Some(after), ..Seen::default() };
        let failure = ask(&client(settings(Protocol::OpenAi, scripted.url())), "add", &mut seen).unwrap_err();
        assert_eq!((failure.error, failure.attempts), (Error::Stopped, 1));
        assert!(started.elapsed() < Duration::from_millis(2900), "every limit is longer than this");
    }
}

#[test]
fn a_stop_is_asked_for_often() {
    struct Counting(Instant, u32);
    impl proofmark_generate::Watch for Counting {
        fn stop(&mut self) -> bool {
            self.1 += 1;
            self.0.elapsed() > Duration::from_millis(1000)
        }
    }
    let scripted = Scripted::start(vec![vec![Step::Hang]]);
    let client = client(settings(Protocol::OpenAi, scripted.url()));
    let mut counting = Counting(Instant::now(), 0);
    let failure = client.complete(&crate::endpoint::question("add"), &mut counting).unwrap_err();
    assert_eq!(failure.error, Error::Stopped);
    assert!(counting.1 >= 20, "{} times in a second", counting.1);
}
