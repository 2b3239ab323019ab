//! An event's way through the Worker, and what the objects do with it: `app/edge/events.rs`, `app/edge/objects.rs` and
//! `app/portal/intake.rs`.

use super::flaws::Flaw;
use super::moves::{Move, Moves};
use super::state::{Answer, Call, Course, Form, Held, Item, Reply, Scope, Standing, State, Step};

/// Attempts of a call, as `app/edge/objects.rs` has it.
const ATTEMPTS: u8 = 3;

pub fn moves(state: &State, scope: &Scope, moves: &mut Moves) {
    for event in 0..scope.events {
        match &state.courses[usize::from(event)] {
            Course::Unsent => moves.add(Move::Post(event), |next| next.set(event, Course::Read)),
            Course::Read => moves.add(Move::Normalize(event), |next| {
                let form = if scope.has(Flaw::StoresThePost) { Form::Clear } else { Form::Clean };
                next.set(event, calling(Step::Append, form, false));
            }),
            Course::Calling(call) => {
                moves.add(Move::CarryOut(event), |next| carry_out(next, scope, event, *call));
                if state.left.losses > 0 {
                    moves.add(Move::LoseCall(event), |next| {
                        next.left.losses -= 1;
                        next.lose(scope, event, *call);
                    });
                }
            }
            Course::Adopting(call, waiting) => moves.add(Move::Adopt(event), |next| {
                super::releasing::establish(next, scope, Some(waiting), true);
                next.set(event, Course::Replied(*call, Reply::Adopted));
            }),
            Course::Replied(call, reply) => {
                let is_held_back = call.step.is_for_portal() && !state.portal.is_saved();
                if !is_held_back || scope.has(Flaw::AnswersBeforeItIsDurable) {
                    moves.add(Move::Hear(event), |next| hear(next, event, *call, *reply));
                }
                if state.left.losses > 0 && !is_held_back {
                    moves.add(Move::LoseReply(event), |next| {
                        next.left.losses -= 1;
                        next.lose(scope, event, *call);
                    });
                }
            }
            Course::Spilling(form) => moves.add(Move::Spill(event), |next| {
                let form = if scope.has(Flaw::SpillsAsItIs) { *form } else { Form::Sealed };
                next.spilled.push(Item { event, form });
                next.set(event, Course::Answered(Answer::Queued));
            }),
            Course::Answered(_) => {}
        }
    }
    if !state.portal.is_saved() {
        moves.add(Move::Commit, |next| next.portal.commit());
    }
    // An object that knows nothing of its portal adopts the record; where there is none, what was spilled waits on.
    let may_drain = state.portal.standing != Standing::Nobody || state.record;
    for item in state.spilled.iter().filter(|_| may_drain) {
        let event = item.event;
        moves.add(Move::Drain(event), |next| {
            next.drain(scope, event);
            next.spilled.retain(|spilled| spilled.event != event);
        });
        if state.left.losses > 0 {
            moves.add(Move::DrainUnheard(event), |next| {
                next.left.losses -= 1;
                next.drain(scope, event);
            });
        }
    }
}

fn calling(step: Step, form: Form, has_adopted: bool) -> Course {
    Course::Calling(Call { step, form, again: false, lost: 0, has_adopted })
}

/// The object does what it is asked for.
fn carry_out(next: &mut State, scope: &Scope, event: u8, call: Call) {
    let item = Item { event, form: call.form };
    let reply = match call.step {
        Step::Append => next.judge(scope, item, call),
        Step::HoldInDirectory => {
            next.hold_in_directory(scope, item);
            Reply::Held
        }
        Step::Adopt if next.portal.standing == Standing::Nobody => {
            let waiting = next.held_in_directory(scope, 0);
            return next.set(event, Course::Adopting(call, waiting));
        }
        Step::Adopt => Reply::Adopted,
    };
    next.set(event, Course::Replied(call, reply));
}

/// The Worker goes by the reply.
fn hear(next: &mut State, event: u8, call: Call, reply: Reply) {
    let course = match reply {
        Reply::Accepted => {
            next.is_verified = true;
            Course::Answered(Answer::Accepted)
        }
        Reply::UnknownPortal if next.record && !call.has_adopted => calling(Step::Adopt, call.form, true),
        Reply::UnknownPortal => calling(Step::HoldInDirectory, call.form, true),
        Reply::Adopted => calling(Step::Append, call.form, true),
        Reply::Held if call.step == Step::HoldInDirectory => Course::Answered(Answer::Held),
        Reply::Held => Course::Answered(Answer::Forbidden),
        Reply::Revoked => Course::Answered(Answer::Refused),
    };
    next.set(event, course);
}

impl State {
    pub fn set(&mut self, event: u8, course: Course) {
        self.courses[usize::from(event)] = course;
    }

    /// A call or its reply was lost: the Worker calls again, some times.
    pub fn lose(&mut self, scope: &Scope, event: u8, call: Call) {
        let lost = call.lost + 1;
        let may_spill = scope.spills && call.step == Step::Append && (self.record || self.is_verified);
        let course = if lost < ATTEMPTS {
            Course::Calling(Call { lost, again: true, ..call })
        } else if may_spill && !scope.is_forged(event) {
            Course::Spilling(call.form)
        } else {
            Course::Answered(Answer::Unavailable)
        };
        self.set(event, course);
    }

    /// The portal's object judges an event, and logs it, holds it, or refuses it.
    fn judge(&mut self, scope: &Scope, item: Item, call: Call) -> Reply {
        let is_unregistered = scope.is_forged(item.event) && !scope.has(Flaw::BelievesAnyToken);
        match self.portal.standing {
            Standing::Nobody => Reply::UnknownPortal,
            standing if standing == Standing::Unregistered || is_unregistered => {
                self.portal.hold(item);
                Reply::Held
            }
            Standing::Revoked => Reply::Revoked,
            _ => {
                let is_known = call.again && self.portal.has_logged(item.event);
                if !is_known || scope.has(Flaw::LetsACallRepeat) {
                    self.log(item);
                }
                Reply::Accepted
            }
        }
    }

    /// The Directory holds an event, unless it does already.
    fn hold_in_directory(&mut self, scope: &Scope, item: Item) {
        let is_new = self.directory.iter().all(|held| held.item.event != item.event);
        if is_new || scope.has(Flaw::HoldsWithoutALook) {
            self.directory.push(Held { number: self.next_number, item });
            self.next_number += 1;
        }
    }

    /// The cron trigger brings a spilled event to its object, which may have it already: `app/portal/drain.rs`. What the object says
    /// decides.
    fn drain(&mut self, scope: &Scope, event: u8) {
        if self.portal.standing == Standing::Nobody {
            let waiting = self.held_in_directory(scope, 0);
            super::releasing::establish(self, scope, Some(&waiting), true);
        }
        let item = Item { event, form: Form::Clean };
        let is_known = self.portal.drained.contains(&event) || self.portal.has_logged(event);
        if !is_known || scope.has(Flaw::ForgetsWhatWasSpilled) {
            match self.portal.standing {
                Standing::Revoked => self.set(event, Course::Answered(Answer::Refused)),
                Standing::Active => self.log(item),
                _ => self.portal.hold(item),
            }
            if self.portal.standing != Standing::Revoked {
                self.portal.drained.push(event);
            }
        }
        self.portal.commit();
    }
}
