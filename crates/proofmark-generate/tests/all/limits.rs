//! Budgets, rates, and what is not sent at all.

use std::time::{Duration, Instant};

use proofmark_generate::{Budget, Error, Message, Price, Protocol, Rates, Request, Role, State};

use crate::endpoint::{Scripted, Seen, ask, client, ok, settings};

const GOOD: &str = r#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;

#[test]
fn what_can_t_be_paid_is_not_sent() {
    let scripted = Scripted::start(vec![ok(GOOD)]);
    for (budget, what) in [
        (Budget { requests: Some(1), ..Budget::default() }, "requests"),
        // A request holds 143 tokens and is charged with 5.
        (Budget { tokens: Some(147), ..Budget::default() }, "tokens"),
        // It holds 43 + 200, and is charged with 3 + 4.
        (Budget { money_micros: Some(249), ..Budget::default() }, "money, in millionths"),
    ] {
        let before = scripted.count();
        let mut endpoint = settings(Protocol::OpenAi, scripted.url());
        endpoint.budget = budget;
        endpoint.price = Price { input_micros: 1_000_000, output_micros: 2_000_000 };
        let client = client(endpoint);
        ask(&client, "add", &mut Seen::default()).unwrap();
        let failure = ask(&client, "add", &mut Seen::default()).unwrap_err();
        assert!(matches!(failure.error, Error::Budget { what: found, .. } if found == what), "{failure}");
        assert_eq!((failure.attempts, scripted.count() - before), (0, 1));
        assert_eq!(client.spent().money_micros, 7);
    }
}

#[test]
fn retries_are_paid_from_the_same_budget() {
    let scripted = Scripted::start(vec![vec![]]);
    let mut endpoint = settings(Protocol::OpenAi, scripted.url());
    endpoint.budget.requests = Some(2);
    let failure = ask(&client(endpoint), "add", &mut Seen::default()).unwrap_err();
    assert!(matches!(failure.error, Error::Budget { what: "requests", needed: 1, left: 0 }), "{failure}");
    assert_eq!((failure.attempts, scripted.count()), (2, 2));
}

#[test]
fn a_rate_makes_a_request_wait_which_can_be_stopped() {
    let scripted = Scripted::start(vec![ok(GOOD)]);
    let mut endpoint = settings(Protocol::OpenAi, scripted.url());
    endpoint.rates = Rates { requests_per_minute: Some(1), tokens_per_minute: None, parallel: None };
    let client = client(endpoint);
    ask(&client, "add", &mut Seen::default()).unwrap();
    let started = Instant::now();
    let mut seen = Seen { stop_after: Some(1), ..Seen::default() };
    let failure = ask(&client, "add", &mut seen).unwrap_err();
    assert_eq!((failure.error, failure.attempts, scripted.count()), (Error::Stopped, 0, 1));
    assert!(matches!(seen.progress[0].state, State::Waiting { milliseconds: 30_000..=60_000 }), "{:?}", seen.progress);
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_prompt_that_is_too_large_or_no_question_is_not_sent() {
    let scripted = Scripted::start(vec![ok(GOOD)]);
    let client = client(settings(Protocol::OpenAi, scripted.url()));
    let failure = ask(&client, &"x".repeat(70_000), &mut Seen::default()).unwrap_err();
    assert_eq!(failure.error, Error::TooLarge { what: "the prompt", bytes_max: 64 << 10 });
    let message = |role| Message { role, text: "x".to_owned() };
    for messages in [vec![], vec![message(Role::User), message(Role::Assistant)], vec![message(Role::System)]] {
        let failure = client.complete(&Request { messages }, &mut ()).unwrap_err();
        assert_eq!(failure.error, Error::NoQuestion);
    }
    assert_eq!(scripted.count(), 0);
}
