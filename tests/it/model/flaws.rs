//! Mistakes that the relay does not make. With any of them the search must find a broken promise: else it looks at nothing.

use super::scopes;
use super::search::search;
use super::state::Scope;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    AnswersBeforeItIsDurable,
    SendsBeforeItIsDurable,
    LetsACallRepeat,
    HoldsWithoutALook,
    BelievesAnyToken,
    NeverAsksTheDirectoryAgain,
    SettlesAtOnce,
    ForgetsWhatWasReleased,
    ForgetsASettledRelease,
    ReleasesWithoutALook,
    MovesTheCursorPastFailures,
    LetsLaterOnesOvertake,
    PrunesWhatWaits,
    PrunesTheNewest,
    StoresThePost,
    KeepsAClaimAsItCame,
    SpillsAsItIs,
    ForgetsWhatWasSpilled,
}

/// A flaw, where it shows, and the promise that it breaks.
type Case = (Flaw, fn() -> Scope, &'static str);

const FLAWS: [Case; 18] = [
    (Flaw::AnswersBeforeItIsDurable, scopes::sending, "an event was answered 200 and is not durable"),
    (Flaw::SendsBeforeItIsDurable, scopes::sending, "an event is delivered before it is durable"),
    (Flaw::LetsACallRepeat, scopes::sending, "an event is logged twice"),
    (Flaw::HoldsWithoutALook, scopes::registration, "an event is logged twice"),
    (Flaw::BelievesAnyToken, scopes::forgery, "an event is logged that nobody's token brought"),
    (Flaw::NeverAsksTheDirectoryAgain, scopes::registration, "an event is held though its token was registered"),
    (Flaw::SettlesAtOnce, scopes::registration, "an event is held though its token was registered"),
    (Flaw::ForgetsWhatWasReleased, scopes::registration, "an event is logged twice"),
    (Flaw::ForgetsASettledRelease, scopes::registration, "an event is logged twice"),
    (Flaw::ReleasesWithoutALook, scopes::registration, "an event is logged twice"),
    (Flaw::MovesTheCursorPastFailures, scopes::sending, "an event of the log was never delivered"),
    (Flaw::LetsLaterOnesOvertake, scopes::sending, "an event overtakes an earlier one of its thing"),
    (Flaw::PrunesWhatWaits, scopes::sending, "an event is pruned that was not delivered"),
    (Flaw::PrunesTheNewest, scopes::sending, "a place of the log is given twice"),
    (Flaw::StoresThePost, scopes::sending, "a token is outside the vault"),
    (Flaw::KeepsAClaimAsItCame, scopes::installation, "a token is outside the vault"),
    (Flaw::SpillsAsItIs, scopes::spill, "a token is outside the vault"),
    (Flaw::ForgetsWhatWasSpilled, scopes::spill, "an event is logged twice"),
];

#[test]
fn every_flaw_breaks_a_promise() {
    for (flaw, scope, promise) in FLAWS {
        let found = search(&Scope { flaw: Some(flaw), ..scope() });
        let (broken, way) =
            found.broken.unwrap_or_else(|| panic!("{flaw:?} breaks nothing in {} states", found.states));
        println!("{flaw:?}: {broken}, after {} moves: {way:?}", way.len());
        assert_eq!(broken, promise, "{flaw:?}, after {way:?}");
    }
}
