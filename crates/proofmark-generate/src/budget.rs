//! What a generator may cost: requests, tokens and money, held before a request is sent and settled after it.
//!
//! Before a request, the most that it can cost is held back; if that does not fit, it is not sent. After it, what the
//! endpoint reported is charged, and everything that was held if it reported nothing.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::message::{Request, Usage};

/// Tokens that an endpoint may add to each message: roles, separators.
const TOKENS_OF_A_MESSAGE: u64 = 16;
/// Tokens to which a price refers.
const PRICED: u128 = 1_000_000;
const WINDOW: Duration = Duration::from_secs(60);

/// The most that a client spends in its life. `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budget {
    pub requests: Option<u64>,
    /// Input and output together.
    pub tokens: Option<u64>,
    /// Millionths of the currency in which the price is.
    pub money_micros: Option<u64>,
}

/// Millionths of a currency for a million tokens, which is the price in that currency of a million tokens, times 10^6.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Price {
    pub input_micros: u64,
    pub output_micros: u64,
}

/// The most that is sent within any 60 s. A request that does not fit waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    pub requests_per_minute: Option<u64>,
    pub tokens_per_minute: Option<u64>,
    /// The most requests under way at once. Whoever asks from several threads keeps it.
    pub parallel: Option<u64>,
}

/// What was spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    pub requests: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub money_micros: u64,
}

impl Spent {
    fn of(usage: Usage, price: Price) -> Self {
        let Usage { input_tokens, output_tokens } = usage;
        Self { requests: 1, input_tokens, output_tokens, money_micros: price.of(usage) }
    }

    fn tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            money_micros: self.money_micros.saturating_add(other.money_micros),
        }
    }

    fn without(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(other.requests),
            input_tokens: self.input_tokens.saturating_sub(other.input_tokens),
            output_tokens: self.output_tokens.saturating_sub(other.output_tokens),
            money_micros: self.money_micros.saturating_sub(other.money_micros),
        }
    }
}

impl Price {
    /// Millionths of the currency, rounded up.
    #[must_use]
    pub fn of(self, usage: Usage) -> u64 {
        let part = |tokens: u64, price: u64| u128::from(tokens).saturating_mul(u128::from(price));
        let sum =
            part(usage.input_tokens, self.input_micros).saturating_add(part(usage.output_tokens, self.output_micros));
        u64::try_from(sum.div_ceil(PRICED)).unwrap_or(u64::MAX)
    }
}

/// The most tokens that a request can cost: no tokenizer makes more than one of each byte.
pub(crate) fn most(request: &Request, tokens_max: u64) -> Usage {
    let message = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX).saturating_add(TOKENS_OF_A_MESSAGE);
    let input_tokens = request.messages.iter().fold(0, |sum: u64, one| sum.saturating_add(message(one.text.len())));
    Usage { input_tokens, output_tokens: tokens_max }
}

/// What a client has spent and is about to.
#[derive(Debug)]
pub(crate) struct Ledger {
    budget: Budget,
    price: Price,
    rates: Rates,
    /// With everything that is held.
    spent: Spent,
    /// Requests of the last minute: a number, when, and their tokens.
    recent: VecDeque<(u64, Instant, u64)>,
    next: u64,
}

/// A request that was let through. It must be settled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    number: u64,
    usage: Usage,
}

/// What may be done with a request now.
#[derive(Debug)]
pub(crate) enum Turn {
    Now(Held),
    /// A rate limit stands in the way for so long.
    After(Duration),
}

impl Ledger {
    pub(crate) fn new(budget: Budget, price: Price, rates: Rates, spent: Spent) -> Self {
        Self { budget, price, rates, spent, recent: VecDeque::new(), next: 0 }
    }

    pub(crate) fn spent(&self) -> Spent {
        self.spent
    }

    /// Holds what a request costs at most.
    ///
    /// # Errors
    /// [`Error::Budget`] if it can't be paid, or can never fit the rate of tokens.
    pub(crate) fn hold(&mut self, usage: Usage, now: Instant) -> Result<Turn, Error> {
        let cost = Spent::of(usage, self.price);
        let within = |what, limit: Option<u64>, spent: u64, needed: u64| match limit {
            Some(limit) if spent.saturating_add(needed) > limit => {
                Err(Error::Budget { what, needed, left: limit.saturating_sub(spent) })
            }
            _ => Ok(()),
        };
        within("requests", self.budget.requests, self.spent.requests, cost.requests)?;
        within("tokens", self.budget.tokens, self.spent.tokens(), cost.tokens())?;
        within("money, in millionths", self.budget.money_micros, self.spent.money_micros, cost.money_micros)?;
        within("tokens in a minute", self.rates.tokens_per_minute, 0, cost.tokens())?;
        within("requests in a minute", self.rates.requests_per_minute, 0, 1)?;
        if let Some(wait) = self.wait(cost.tokens(), now) {
            return Ok(Turn::After(wait));
        }
        self.spent = self.spent.and(cost);
        self.next = self.next.saturating_add(1);
        self.recent.push_back((self.next, now, cost.tokens()));
        Ok(Turn::Now(Held { number: self.next, usage }))
    }

    /// How long until a request of so many tokens fits the rates; `None` if it fits now.
    fn wait(&mut self, tokens: u64, now: Instant) -> Option<Duration> {
        self.recent.retain(|(_, at, _)| now.saturating_duration_since(*at) < WINDOW);
        let mut requests = u64::try_from(self.recent.len()).unwrap_or(u64::MAX);
        let mut used = self.recent.iter().fold(0_u64, |sum, (_, _, tokens)| sum.saturating_add(*tokens));
        let fits = |requests: u64, used: u64| {
            self.rates.requests_per_minute.is_none_or(|most| requests < most)
                && self.rates.tokens_per_minute.is_none_or(|most| used.saturating_add(tokens) <= most)
        };
        let mut wait = None;
        for (_, at, tokens) in &self.recent {
            if fits(requests, used) {
                break;
            }
            requests = requests.saturating_sub(1);
            used = used.saturating_sub(*tokens);
            wait = Some(WINDOW.saturating_sub(now.saturating_duration_since(*at)));
        }
        wait
    }

    /// Charges what was used instead of what was held, and says what that cost. `None`: nobody knows, so all of it.
    pub(crate) fn settle(&mut self, held: Held, used: Option<Usage>) -> Spent {
        let used = used.unwrap_or(held.usage);
        let cost = Spent::of(used, self.price);
        self.spent = self.spent.without(Spent::of(held.usage, self.price)).and(cost);
        if let Some((_, _, tokens)) = self.recent.iter_mut().find(|(number, _, _)| *number == held.number) {
            *tokens = cost.tokens();
        }
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, Role};

    const USAGE: Usage = Usage { input_tokens: 1000, output_tokens: 500 };

    fn held(ledger: &mut Ledger) -> Held {
        match ledger.hold(USAGE, Instant::now()).unwrap() {
            Turn::Now(held) => held,
            Turn::After(wait) => panic!("waits {wait:?}"),
        }
    }

    #[test]
    fn money_is_rounded_up_and_does_not_overflow() {
        // 3 and 15 of a currency for a million tokens.
        let price = Price { input_micros: 3_000_000, output_micros: 15_000_000 };
        assert_eq!(price.of(USAGE), 3_000 + 7_500);
        assert_eq!(Price { input_micros: 1, output_micros: 0 }.of(USAGE), 1, "a part is charged as a whole");
        let most = Usage { input_tokens: u64::MAX, output_tokens: u64::MAX };
        assert_eq!(Price { input_micros: u64::MAX, output_micros: u64::MAX }.of(most), u64::MAX);
    }

    #[test]
    fn what_may_not_be_paid_is_not_let_through() {
        let price = Price { input_micros: 1_000_000, output_micros: 2_000_000 };
        for (budget, what, needed, left) in [
            (Budget { requests: Some(1), ..Budget::default() }, "requests", 1, 0),
            (Budget { tokens: Some(2000), ..Budget::default() }, "tokens", 1500, 500),
            (Budget { money_micros: Some(3999), ..Budget::default() }, "money, in millionths", 2000, 1999),
        ] {
            let mut ledger = Ledger::new(budget, price, Rates::default(), Spent::default());
            held(&mut ledger);
            let error = ledger.hold(USAGE, Instant::now()).unwrap_err();
            assert_eq!(error, Error::Budget { what, needed, left });
        }
    }

    #[test]
    fn what_was_used_is_charged_and_all_that_was_held_if_nobody_knows() {
        let price = Price { input_micros: 1_000_000, output_micros: 1_000_000 };
        let mut ledger = Ledger::new(Budget::default(), price, Rates::default(), Spent::default());
        let first = held(&mut ledger);
        let used = Usage { input_tokens: 10, output_tokens: 5 };
        let cost = ledger.settle(first, Some(used));
        assert_eq!(cost, Spent { requests: 1, input_tokens: 10, output_tokens: 5, money_micros: 15 });
        assert_eq!(ledger.spent(), cost);
        let second = held(&mut ledger);
        ledger.settle(second, None);
        let all = Spent { requests: 2, input_tokens: 1010, output_tokens: 505, money_micros: 1515 };
        assert_eq!(ledger.spent(), all);
    }

    #[test]
    fn rates_make_a_request_wait_until_enough_of_the_last_minute_is_over() {
        let rates = Rates { requests_per_minute: Some(2), tokens_per_minute: Some(3200), parallel: None };
        let mut ledger = Ledger::new(Budget::default(), Price::default(), rates, Spent::default());
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let turn = |ledger: &mut Ledger, seconds| match ledger.hold(USAGE, after(seconds)).unwrap() {
            Turn::Now(_) => 0,
            Turn::After(wait) => wait.as_secs(),
        };
        assert_eq!(turn(&mut ledger, 0), 0);
        assert_eq!(turn(&mut ledger, 20), 0);
        assert_eq!(turn(&mut ledger, 30), 30, "two requests are in the window until second 60");
        assert_eq!(turn(&mut ledger, 60), 0);
        assert_eq!(turn(&mut ledger, 61), 19);
        let big = Usage { input_tokens: 4000, output_tokens: 0 };
        assert!(matches!(ledger.hold(big, after(500)), Err(Error::Budget { what: "tokens in a minute", .. })));
    }

    #[test]
    fn a_prompt_has_at_most_a_token_for_each_byte() {
        let message = |text: &str| Message { role: Role::User, text: text.to_owned() };
        let request = Request { messages: vec![message("abc"), message("é")] };
        assert_eq!(most(&request, 7), Usage { input_tokens: 3 + 2 + 2 * 16, output_tokens: 7 });
    }
}
