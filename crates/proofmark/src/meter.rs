//! What a command is doing, on a terminal only, and only what takes longer than a quarter of a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use proofmark_governor::checks::Milestone;
use proofmark_governor::govern::Event;

use crate::render::report::grouped;

const SHOWN_AFTER: Duration = Duration::from_millis(250);
/// How often what is shown moves where nothing else moves it.
const TICK: Duration = Duration::from_millis(200);

/// What one command is doing, by name.
#[derive(Default)]
pub struct Meter {
    tasks: Arc<Mutex<HashMap<String, Task>>>,
}

/// Something that is being done.
struct Task {
    since: Instant,
    done: u64,
    /// 0 where nobody knows.
    planned: u64,
    news: News,
    shown: Option<Shown>,
}

struct Shown {
    bar: ProgressBar,
    template: String,
}

impl Meter {
    /// Shows what happens to checks.
    pub fn watch(&self, event: Event<'_>) {
        match event {
            Event::Submitted { .. } => {}
            Event::Started { check } => self.start(check),
            Event::Progress { check, done, planned } => self.step(check, done, planned),
            Event::Milestone { check, milestone } => self.change(check, |task| task.news.add(milestone, task.done)),
            Event::Ended { check } => self.end(check),
        }
    }

    pub fn start(&self, name: &str) {
        if ProgressDrawTarget::stderr().is_hidden() {
            return;
        }
        let since = Instant::now();
        let task = Task { since, done: 0, planned: 0, news: News::default(), shown: None };
        lock(&self.tasks).insert(name.to_owned(), task);
        let (tasks, name) = (Arc::clone(&self.tasks), name.to_owned());
        // What says nothing for a long time is to be seen.
        std::thread::spawn(move || {
            std::thread::sleep(SHOWN_AFTER);
            if let Some(task) = lock(&tasks).get_mut(&name).filter(|task| task.since == since) {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_elapsed(SHOWN_AFTER);
                bar.set_prefix(name);
                bar.enable_steady_tick(TICK);
                task.shown = Some(Shown { bar, template: String::new() });
                task.show();
            }
        });
    }

    pub fn step(&self, name: &str, done: u64, planned: u64) {
        self.change(name, |task| (task.done, task.planned) = (done, planned));
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Task)) {
        if let Some(task) = lock(&self.tasks).get_mut(name) {
            change(task);
            task.show();
        }
    }

    pub fn end(&self, name: &str) {
        if let Some(Task { shown: Some(Shown { bar, .. }), .. }) = lock(&self.tasks).remove(name) {
            bar.finish_and_clear();
        }
    }
}

fn lock(tasks: &Mutex<HashMap<String, Task>>) -> MutexGuard<'_, HashMap<String, Task>> {
    tasks.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Task {
    fn show(&mut self) {
        let Some(Shown { bar, template }) = &mut self.shown else { return };
        let words = self.news.words();
        let mut wanted = match self.planned {
            0 => "  {prefix:12} {spinner} {human_pos}  {elapsed}".to_owned(),
            _ => "  {prefix:12} {wide_bar:.cyan/dim} {human_pos} of {human_len}  {elapsed}".to_owned(),
        };
        if !words.is_empty() {
            wanted.push_str("\n               {wide_msg}");
        }
        if let (true, Ok(style)) = (*template != wanted, ProgressStyle::with_template(&wanted)) {
            bar.set_style(style);
            *template = wanted;
        }
        bar.set_length(self.planned);
        bar.set_message(words);
        bar.set_position(self.done);
    }
}

/// What a search found so far.
#[derive(Default)]
struct News {
    /// Reached, of those present.
    edges: Option<(u64, u64)>,
    /// After how many executions the last new edge was reached.
    last_edge: Option<u64>,
    noticed: Option<u64>,
    shrinking: bool,
}

impl News {
    /// `done`: executions so far.
    fn add(&mut self, milestone: Milestone, done: u64) {
        match milestone {
            Milestone::Edges { reached, present } => {
                if self.edges.is_none_or(|(before, _)| reached != before) {
                    self.last_edge = Some(done);
                }
                self.edges = Some((reached, present));
            }
            Milestone::Noticed(mutants) => {
                self.noticed = Some(self.noticed.map_or(mutants, |before| before.max(mutants)))
            }
            Milestone::Shrinking => self.shrinking = true,
        }
    }

    fn words(&self) -> String {
        let mut words = Vec::new();
        if let Some((reached, present)) = self.edges {
            words.push(format!("{} of {} edges", grouped(reached), grouped(present)));
        }
        if self.shrinking {
            words.push("found a violation, making it simpler".to_owned());
        } else if let Some(at) = self.last_edge {
            words.push(format!("new edge at {}", grouped(at)));
        }
        words.extend(self.noticed.map(|mutants| format!("{} noticed", grouped(mutants))));
        words.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(seen: &[(Milestone, u64)]) -> String {
        let mut news = News::default();
        seen.iter().for_each(|(seen, done)| news.add(*seen, *done));
        news.words()
    }

    #[test]
    fn the_last_new_edge_is_where_there_were_more_than_before() {
        let edges = |reached| Milestone::Edges { reached, present: 1040 };
        assert_eq!(words(&[]), "");
        assert_eq!(words(&[(edges(7), 512)]), "7 of 1,040 edges; new edge at 512");
        let all = [(edges(7), 512), (edges(9), 12_034), (edges(9), 20_000)];
        assert_eq!(words(&all), "9 of 1,040 edges; new edge at 12,034");
        let shrinking = [&all[..], &[(Milestone::Shrinking, 20_001)]].concat();
        assert_eq!(words(&shrinking), "9 of 1,040 edges; found a violation, making it simpler");
    }

    #[test]
    fn mutants_are_counted_in_whatever_order_they_are_told() {
        assert_eq!(words(&[(Milestone::Noticed(2), 3), (Milestone::Noticed(1), 3)]), "2 noticed");
    }
}
