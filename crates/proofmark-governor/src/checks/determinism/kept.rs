//! An instance that goes on from call to call, held against fresh ones.

use proofmark_contract::{Function, Value};
use proofmark_run::program::Session;
use proofmark_run::usage::Usage;
use proofmark_run::wasi::World;
use proofmark_run::{Ended, Program};

/// An instance that is kept.
pub struct Kept<'a> {
    program: &'a Program,
    /// Where what the host answers goes on from call to call too: the world that records it.
    taped: Option<&'a World>,
    session: Session<'a>,
    /// Calls since it was new.
    pub calls: u64,
    pub fuel: u64,
    pub usage: Usage,
}

/// How a call in a kept instance compares.
#[derive(Debug, Clone, PartialEq)]
pub enum Compared {
    Same,
    /// What a fresh instance does, and what this one did.
    Differs(Ended, Ended),
    /// It ended early where a fresh one returns: memory may be used up, and a new instance follows.
    Stopped(Ended, Ended),
    /// With the answers that its host gave it, a fresh instance asks something else: nothing can be compared.
    AskedOtherwise,
}

impl<'a> Kept<'a> {
    pub fn new(program: &'a Program, taped: Option<&'a World>) -> Self {
        let session = session(program, taped);
        Self { program, taped, session, calls: 0, fuel: 0, usage: Usage::default() }
    }

    /// Goes on with a new instance.
    pub fn renew(&mut self) {
        self.session = session(self.program, self.taped);
        self.calls = 0;
    }

    /// Calls, and looks at nothing but whether it returned.
    pub fn fill(&mut self, function: &Function, arguments: &[Value]) -> bool {
        let outcome = self.session.call(function, arguments);
        self.fuel = self.fuel.saturating_add(outcome.fuel);
        self.calls = self.calls.saturating_add(1);
        matches!(outcome.ended, Ended::Returned(_))
    }

    /// Calls, and holds the end against that of a fresh instance: `fresh`, or, where what the host answers goes on, that of a
    /// fresh instance that is answered as this one was.
    pub fn call(&mut self, function: &Function, arguments: &[Value], fresh: &Ended) -> Compared {
        let outcome = self.session.call(function, arguments);
        self.fuel = self.fuel.saturating_add(outcome.fuel);
        self.calls = self.calls.saturating_add(1);
        self.usage.add((&outcome).into());
        let answered = match (self.taped, outcome.tape) {
            (None, _) => None,
            (Some(_), Some(tape)) => Some(self.program.replay(function, arguments, tape)),
            // Over the limit of a tape.
            (Some(_), None) => return Compared::AskedOtherwise,
        };
        if let Some(answered) = &answered {
            self.fuel = self.fuel.saturating_add(answered.fuel);
            if answered.ended.left_tape() {
                return Compared::AskedOtherwise;
            }
        }
        let fresh = answered.as_ref().map_or(fresh, |answered| &answered.ended);
        if outcome.ended.same(fresh) {
            return Compared::Same;
        }
        let (fresh, kept) = (fresh.clone(), outcome.ended);
        match (&fresh, &kept) {
            (Ended::Returned(_), Ended::Trapped(_)) => Compared::Stopped(fresh, kept),
            _ => Compared::Differs(fresh, kept),
        }
    }
}

fn session<'a>(program: &'a Program, taped: Option<&'a World>) -> Session<'a> {
    taped.map_or_else(|| program.session(), |world| program.session_in(world))
}
