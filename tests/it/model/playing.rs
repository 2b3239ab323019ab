//! Plays the model's histories against the relay, act by act, and compares what can be seen of both.

use super::acts::{Act, Played, acts, after};
use super::scopes;
use super::seen::{in_model, in_relay, marker, tokens_in};
use super::state::{Finisher, Registrar, Scope, Standing, State};
use crate::support::fault::{Fault, Operation, Then};
use crate::support::histories;
use crate::support::post::{OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{Answer, Relay, SECOND};
use crate::support::world::UnderWay;
use std::rc::Rc;

/// What a call that was lost is repeated within, in milliseconds.
const REPEATED: i64 = SECOND;
/// Longer than an alarm takes to notice a crash, than what failed waits, and than a release takes to settle.
const NOTICED: i64 = 21 * SECOND;
const RETRIED: i64 = 10 * SECOND;
const SETTLED: i64 = 61 * SECOND;
/// One more attempt than the first, as the model has it.
const RETRY_SCHEDULE: (&str, &str) = ("RETRY_SCHEDULE", "5");
/// Acts of the histories that are all played, and most acts of those that chance chooses, and how many of these by default.
const SHORT: usize = 4;
const SHORT_IN_FULL: usize = 5;
const LONG: usize = 40;
const LONG_HISTORIES: u32 = 60;
/// The token of a stranger.
const FORGED: &str = "a-guess-of-a-stranger-0123456789";

/// The relay, with all that is under way to it.
struct Player {
    requests: Vec<UnderWay<Answer>>,
    /// Which request brings which event, and which one comes from whom who registers.
    posts: Vec<Option<usize>>,
    /// What asks the Directory: for whom who registers, and for the run that releases.
    asks: [Option<u64>; 2],
    late: Option<u64>,
    relay: Rc<Relay>,
    /// What was done so far.
    history: Vec<Act>,
}

/// What waits for an act: calls to objects that bring events or ask for them, and requests to the destination.
fn stops(operation: Operation, what: &str) -> bool {
    let is_call = ["Append", "{\"Hold\"", "{\"HeldEvents", "{\"DropHeld"].iter().any(|start| what.starts_with(start));
    operation == Operation::Send || (is_call && matches!(operation, Operation::CallPortal | Operation::CallDirectory))
}

impl Player {
    fn new(scope: &Scope) -> Self {
        let relay = Relay::with(&[RETRY_SCHEDULE]);
        if scope.standing == Standing::Unregistered {
            relay.register_webhook(OTHER_TOKEN);
        }
        if scope.standing == Standing::Active {
            relay.register(TOKEN);
        }
        // Whatever a registration leaves to be done is done.
        relay.advance(5 * SETTLED);
        relay.world.gates.close(stops);
        let posts = vec![None; scope.events.into()];
        Self { requests: Vec::new(), posts, asks: [None; 2], late: None, relay: Rc::new(relay), history: Vec::new() }
    }

    fn begin(&mut self, request: crate::support::post::Request) -> usize {
        let relay = Rc::clone(&self.relay);
        // Each comes to an isolate of its own, which remembers nothing.
        relay.new_isolate();
        self.requests.push(UnderWay::new(async move { relay.answer(request).await }));
        self.requests.len() - 1
    }

    fn find(&self, operation: Operation, start: &str, within: &str) -> Option<u64> {
        let fits = |other, what: &str| other == operation && what.starts_with(start) && what.contains(within);
        self.relay.world.gates.find(fits)
    }

    fn let_go(&self, number: Option<u64>, fault: Option<(bool, Then)>) {
        let short = |(_, operation, what): (u64, Operation, String)| {
            let event = (0..9).find(|event| what.contains(&marker(*event)));
            format!("{operation:?} {} {event:?}", what.chars().take(12).collect::<String>())
        };
        let waiting = || self.relay.world.gates.waiting().into_iter().map(short).collect::<Vec<_>>();
        let number = number.unwrap_or_else(|| panic!("the relay waits for {:?} after {:?}", waiting(), self.history));
        let fault = fault.map(|(persisted, then)| Fault { operation: Operation::Send, number: 0, persisted, then });
        self.relay.world.gates.let_go(number, fault);
    }

    fn call_of(&self, event: u8) -> Option<u64> {
        let is_of = |operation, what: &str| {
            matches!(operation, Operation::CallPortal | Operation::CallDirectory) && what.contains(&marker(event))
        };
        self.relay.world.gates.find(is_of)
    }

    /// Does an act, and lets the relay go on until it waits for the next.
    fn play(&mut self, scope: &Scope, act: Act, before: &State) {
        let send_to = |player: &Self, at: usize| {
            let event = before.portal.rows[at].event;
            player.find(Operation::Send, "", &marker(event))
        };
        self.history.push(act);
        let mut millis = 0;
        match act {
            Act::Post(event) => {
                let token = if scope.is_forged(event) { FORGED } else { TOKEN };
                let thing = if scope.alike.contains(&event) { 100 } else { i32::from(event) + 1 };
                let post = Post { filling: marker(event), ..Post::new(token, thing) };
                let request = self.begin(post.request());
                self.posts[usize::from(event)] = Some(request);
            }
            Act::Call(event) => self.let_go(self.call_of(event), None),
            Act::LoseCall(event) => self.let_go(self.call_of(event), Some((false, Then::Error))),
            Act::LoseReply(event) => self.let_go(self.call_of(event), Some((true, Then::Error))),
            Act::ResetInCall(event, persisted) => {
                self.relay.faults().plan_next(Operation::Commit, 1, persisted, Then::Reset);
                self.let_go(self.call_of(event), None);
            }
            Act::Register(_) => drop(self.begin(Relay::registration(TOKEN))),
            Act::Ask(at) | Act::AskInVain(at) => {
                let is_vain = act == Act::AskInVain(at);
                let ask = self.asks[at].take();
                self.let_go(ask, is_vain.then_some((false, Then::Error)));
            }
            Act::Revoke => assert_eq!(self.relay.revoke(TOKEN).status, 200),
            Act::DropReleased => self.let_go(self.find(Operation::CallDirectory, "{\"DropHeld", ""), None),
            Act::FetchLate => {
                let late = self.late.take();
                self.let_go(late, None);
            }
            Act::Settle => millis = SETTLED,
            Act::Deliver(at) => self.let_go(send_to(self, at), None),
            Act::Fail(at, arrived) => self.let_go(send_to(self, at), Some((arrived, Then::Error))),
            Act::Wait => millis = RETRIED,
            Act::Crash => {
                self.relay.portal().end(true);
                millis = NOTICED;
            }
        }
        if matches!(act, Act::Crash | Act::ResetInCall(..)) {
            (self.asks, self.late) = ([None; 2], None);
        }
        self.pass(millis);
    }

    /// Lets time pass until a run waits for an act: it must not wait for long, or it would count as vanished.
    fn pass(&mut self, millis: i64) {
        let end = self.relay.now().plus_millis(millis);
        let is_of_a_run = |operation, what: &str| operation == Operation::Send || what.starts_with("{\"DropHeld");
        loop {
            self.relay.world.settle_with(&mut self.requests, REPEATED);
            let now = self.relay.now();
            if now >= end || self.relay.world.gates.find(is_of_a_run).is_some() {
                break;
            }
            self.relay.advance((end.millis_since(now)).min(SECOND));
        }
    }

    /// Notes who asks the Directory now: the run that releases, and those who register.
    fn note_asks(&mut self, now: &State) {
        let is_late = matches!(now.portal.finisher, Finisher::Dropped(..));
        let is_asking = |at: usize| matches!(now.registrars[at], Registrar::Asking(_));
        let mut waiting = self.relay.world.gates.waiting();
        waiting.retain(|(number, operation, what)| {
            let is_known = self.late == Some(*number) || self.asks.contains(&Some(*number));
            *operation == Operation::CallDirectory && what.starts_with("{\"HeldEvents") && !is_known
        });
        let mut new = waiting.into_iter().map(|(number, ..)| number);
        if is_late && self.late.is_none() {
            self.late = new.next();
        }
        for at in 0..2 {
            if is_asking(at) && self.asks[at].is_none() {
                self.asks[at] = new.next();
            }
        }
    }

    fn answers(&self) -> Vec<Option<u16>> {
        let answer = |request: &Option<usize>| Some(self.requests[(*request)?].value.as_ref()?.status);
        self.posts.iter().map(answer).collect()
    }
}

/// Plays acts against the relay, and compares after each.
fn play(scope: &Scope, history: &[Act]) {
    let (mut player, mut model) = (Player::new(scope), Played::new(scope));
    for act in history {
        let next = after(&model, scope, *act);
        player.play(scope, *act, &model.state);
        player.note_asks(&next.state);
        model = next;
        let seen = in_relay(&player.relay, scope, player.answers());
        let so_far = &player.history;
        assert_eq!(seen, in_model(&model.state, scope), "left is the relay, right the model, after {so_far:?}");
    }
    // What was stored, logged or sent on the way is there still, but for what was dropped since.
    assert!(!tokens_in(&player.relay), "a token is outside the vault after {:?}", player.history);
}

/// A history that chance chooses, as long as there is something to do.
fn history(scope: &Scope, length: usize, mut random: impl FnMut(usize) -> usize) -> Vec<Act> {
    let (mut model, mut history) = (Played::new(scope), Vec::new());
    while history.len() < length {
        let acts = acts(&model.state, scope);
        if acts.is_empty() {
            break;
        }
        let act = acts[random(acts.len())];
        model = after(&model, scope, act);
        history.push(act);
    }
    history
}

/// Every history of so many acts, or of fewer where nothing is left to do.
fn all_histories(scope: &Scope, length: usize) -> Vec<Vec<Act>> {
    let (mut begun, mut histories) = (vec![(Played::new(scope), Vec::new())], Vec::new());
    while let Some((model, history)) = begun.pop() {
        let acts = acts(&model.state, scope);
        if history.len() == length || acts.is_empty() {
            histories.push(history);
            continue;
        }
        for act in acts {
            let longer = history.iter().copied().chain([act]).collect();
            begun.push((after(&model, scope, act), longer));
        }
    }
    histories
}

#[test]
fn the_relay_does_what_the_model_does_in_every_short_history() {
    let length = if histories::wanted().is_some() { SHORT_IN_FULL } else { SHORT };
    for (name, scope) in scopes::played() {
        let histories = all_histories(&Scope { events: 1, ..scope.clone() }, length);
        println!("{name}: {} histories of {length} acts", histories.len());
        for history in histories {
            play(&Scope { events: 1, ..scope.clone() }, &history);
        }
    }
}

#[test]
fn the_relay_does_what_the_model_does_in_long_histories() {
    let wanted = histories::wanted().unwrap_or(LONG_HISTORIES);
    for (name, scope) in scopes::played() {
        // The same ones in every run (xorshift64).
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = |bound: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed >> 33).expect("it has 31 bits") % bound
        };
        let mut acts = 0;
        for _ in 0..wanted {
            let history = history(&scope, LONG, &mut random);
            acts += history.len();
            play(&scope, &history);
        }
        println!("{name}: {wanted} histories, {acts} acts");
    }
}
