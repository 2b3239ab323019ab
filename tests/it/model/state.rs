//! What the model knows: what stands in storage, what is in memory only, and what is under way.

use super::flaws::Flaw;

/// What a copy of something tells of its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// As it was posted: tokens are in it.
    Clear,
    /// No token is in it.
    Clean,
    /// Nobody reads it without `VAULT_KEY`.
    Sealed,
}

/// A copy of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Item {
    pub event: u8,
    pub form: Form,
}

/// A held event, with its number where it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    pub number: u8,
    pub item: Item,
}

/// What the portal's object knows of the genuine token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// Nobody registered the portal.
    Nobody,
    /// Another token of it is registered.
    Unregistered,
    Active,
    Revoked,
}

/// What an object is asked to do with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Append,
    Adopt,
    HoldInDirectory,
}

impl Step {
    pub const fn is_for_portal(self) -> bool {
        !matches!(self, Self::HoldInDirectory)
    }
}

/// A call of the Worker to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    pub step: Step,
    pub form: Form,
    /// Whether an earlier one may have been carried out.
    pub again: bool,
    /// How many were lost.
    pub lost: u8,
    /// Whether the record of KV was taken over for this event already.
    pub has_adopted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    Accepted,
    UnknownPortal,
    Revoked,
    Held,
    Adopted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// 200.
    Accepted,
    /// 202: it waits for its portal.
    Held,
    /// 202: it waits in KV for its object.
    Queued,
    /// 403, and held all the same: the token is not known.
    Forbidden,
    /// 403: the token was revoked.
    Refused,
    /// 503.
    Unavailable,
}

/// How far an event is on its way through the Worker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Course {
    Unsent,
    /// The Worker has read the POST.
    Read,
    /// A call is under way.
    Calling(Call),
    /// The object asks the Directory before it adopts the record.
    Adopting(Call, Vec<Held>),
    /// The object has done it. The reply leaves when all that was written is durable.
    Replied(Call, Reply),
    /// No call came through, and KV is to keep the event.
    Spilling(Form),
    Answered(Answer),
}

/// Whoever registers the genuine token: the operator, or an installation that is proven.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Registrar {
    Idle,
    /// The Worker has a claim.
    Claiming(Form),
    /// The object has it, and asks Bitrix24 whether it is true.
    Proving(Form),
    /// The object asks the Directory what it holds.
    Asking(Option<Form>),
    /// It was answered, or could not ask.
    Asked(Option<Vec<Held>>, Option<Form>),
}

/// A note about how far the Directory's held events are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Release {
    pub taken_to: u8,
    pub is_due: bool,
    /// Whether so much time has passed that nothing can be under way to the Directory any more.
    pub is_settled: bool,
}

/// Where the run is that finishes a release.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Finisher {
    Idle,
    /// It has read the note: how far the release is, and whether it was settled by then.
    Begun(u8, bool),
    /// The Directory has dropped what is logged.
    Dropped(u8, bool),
    /// The Directory told what it has beyond.
    Fetched(Vec<Held>, bool),
}

/// What storage notes of a delivery that did not go well at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    Nothing,
    Retrying(u8),
    Waiting,
    Delivered,
    Failed,
}

/// The object of the portal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Portal {
    pub standing: Standing,
    /// The log: the first has place 1.
    pub rows: Vec<Item>,
    /// So many of them are durable, and so many were pruned.
    pub rows_saved: usize,
    pub pruned: usize,
    pub held: Vec<Held>,
    pub held_saved: usize,
    pub release: Option<Release>,
    /// What the destination is known to have, by storage.
    pub cursor: usize,
    pub notes: Vec<Note>,
    /// The events that came from KV: they may come again at any time.
    pub drained: Vec<u8>,
    /// The sealed tokens of an installation.
    pub vault: Option<Form>,
    /// Memory: the newest place, what was logged of the Directory's, and what became of requests.
    pub head: usize,
    pub released_to: u8,
    pub finisher: Finisher,
    pub done: Vec<bool>,
    pub sending: Vec<Sending>,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sending {
    No,
    /// The request is on its way.
    Away,
    /// The destination has it.
    There,
}

/// How often each thing that nobody needs may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    pub registrations: u8,
    pub installs: u8,
    pub revocations: u8,
    /// A person writes a record into KV.
    pub records: u8,
    /// A call or its reply is lost.
    pub losses: u8,
    pub crashes: u8,
    /// A delivery fails.
    pub failures: u8,
    pub prunings: u8,
}

/// What is searched: how many events, who they are from, and how much may happen to them.
#[derive(Clone, Debug)]
pub struct Scope {
    pub events: u8,
    /// Those whose token nobody ever registers.
    pub forged: Vec<u8>,
    /// Those that are about the same thing.
    pub alike: Vec<u8>,
    pub standing: Standing,
    pub spills: bool,
    pub budget: Budget,
    pub flaw: Option<Flaw>,
}

/// All there is, at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub courses: Vec<Course>,
    pub registrars: [Registrar; 2],
    pub portal: Portal,
    /// What the Directory holds, and the number that it gives next.
    pub directory: Vec<Held>,
    pub next_number: u8,
    /// A claim that waits there.
    pub claim: Option<Form>,
    /// KV: whether it has a record of the portal, and the events that were spilled.
    pub record: bool,
    pub spilled: Vec<Item>,
    /// Whether the isolate has seen the token accepted.
    pub is_verified: bool,
    /// What the destination has received.
    pub arrived: Vec<Item>,
    pub left: Budget,
    /// The first promise that was broken on the way, which the state alone does not show.
    pub broken: Option<&'static str>,
}

impl Scope {
    pub fn start(&self) -> State {
        State {
            courses: vec![Course::Unsent; self.events.into()],
            registrars: [Registrar::Idle, Registrar::Idle],
            portal: Portal {
                standing: self.standing,
                rows: Vec::new(),
                rows_saved: 0,
                pruned: 0,
                held: Vec::new(),
                held_saved: 0,
                release: None,
                cursor: 0,
                notes: Vec::new(),
                drained: Vec::new(),
                vault: None,
                head: 0,
                released_to: 0,
                finisher: Finisher::Idle,
                done: Vec::new(),
                sending: Vec::new(),
            },
            directory: Vec::new(),
            next_number: 1,
            claim: None,
            record: false,
            spilled: Vec::new(),
            is_verified: false,
            arrived: Vec::new(),
            left: self.budget,
            broken: None,
        }
    }

    pub fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub fn is_forged(&self, event: u8) -> bool {
        self.forged.contains(&event)
    }

    pub fn are_alike(&self, one: u8, other: u8) -> bool {
        one == other || (self.alike.contains(&one) && self.alike.contains(&other))
    }
}
