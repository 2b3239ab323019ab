//! What can happen next.

use super::state::{Scope, State};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    // What people, Bitrix24 and chance do: nobody may rely on it.
    /// Bitrix24 sends an event.
    Post(u8),
    /// Somebody registers the genuine token: the operator.
    Register(usize),
    /// An administrator installs the application.
    Install(usize),
    Revoke,
    WriteRecord,
    LoseCall(u8),
    LoseReply(u8),
    /// The Directory cannot be asked by who registers.
    AskInVain(usize),
    /// Bitrix24 cannot be asked whether a claim is true.
    ProveInVain(usize),
    DrainUnheard(u8),
    /// A request to the destination fails, wherever it is.
    Fail(usize),
    Crash,
    Prune,

    // What the relay does by itself, in any order.
    Normalize(u8),
    CarryOut(u8),
    Commit,
    Hear(u8),
    Adopt(u8),
    Spill(u8),
    Drain(u8),
    Seal(usize),
    Prove(usize),
    RetryClaim(usize),
    Ask(usize),
    Establish(usize),
    BeginRelease,
    DropReleased,
    FetchLate,
    Conclude,
    /// So much time passes that nothing can be under way to the Directory any more.
    Settle,
    Claim(usize),
    Arrive(usize),
    End(usize),
    NoteWaiting(usize),
    SaveCursor,
}

impl Move {
    /// Whether the relay does it by itself. Where nothing of this is left, what was promised must be done.
    pub const fn is_own(self) -> bool {
        !matches!(
            self,
            Self::Post(_)
                | Self::Register(_)
                | Self::Install(_)
                | Self::Revoke
                | Self::WriteRecord
                | Self::LoseCall(_)
                | Self::LoseReply(_)
                | Self::AskInVain(_)
                | Self::ProveInVain(_)
                | Self::DrainUnheard(_)
                | Self::Fail(_)
                | Self::Crash
                | Self::Prune
        )
    }
}

/// What can happen next, with what comes of it.
pub struct Moves<'a> {
    state: &'a State,
    pub found: Vec<(Move, State)>,
}

impl<'a> Moves<'a> {
    /// All that can happen next.
    pub fn of(state: &'a State, scope: &Scope) -> Vec<(Move, State)> {
        let mut moves = Moves { state, found: Vec::new() };
        super::taking::moves(state, scope, &mut moves);
        super::releasing::moves(state, scope, &mut moves);
        super::sending::moves(state, scope, &mut moves);
        if state.left.crashes > 0 {
            moves.add(Move::Crash, |next| {
                next.left.crashes -= 1;
                next.crash(scope);
            });
        }
        moves.found
    }

    pub fn add(&mut self, what: Move, change: impl FnOnce(&mut State)) {
        let mut next = self.state.clone();
        change(&mut next);
        self.found.push((what, next));
    }
}
