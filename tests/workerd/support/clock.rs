//! Moves the clock of workerd forward, so that a day passes at once. Linux only: it rests on `LD_PRELOAD`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::places::{SCRATCH, SCRIPTS};
use super::process::run;

static SHIM: LazyLock<PathBuf> = LazyLock::new(|| compiled("clockshift"));

/// A shim, compiled once per test process under a name of its own and then moved into place, since others do the same.
pub fn compiled(name: &str) -> PathBuf {
    let (shim, draft) = (SCRATCH.join(format!("{name}.so")), SCRATCH.join(format!("{name}-{}.so", std::process::id())));
    run(Path::new("cc"), &SCRIPTS, Duration::from_mins(1), |command| {
        command.args(["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o"]).arg(&draft).arg(format!("{name}.c"));
    });
    std::fs::rename(&draft, &shim).expect("both are in the same directory");
    shim
}

/// A clock that runs as the machine's does, but can be set forward.
pub struct Clock {
    file: PathBuf,
    ahead: AtomicI64,
}

impl Clock {
    /// A clock that is not ahead yet; `directory` keeps how far it is.
    pub fn new(directory: &Path) -> Self {
        let file = directory.join("clock-ahead-by");
        std::fs::write(&file, 0_i64.to_le_bytes()).expect("the directory of the test exists");
        Self { file, ahead: AtomicI64::new(0) }
    }

    /// The variables of a process that lives by this clock.
    pub fn environment(&self) -> [(&'static str, PathBuf); 2] {
        [("LD_PRELOAD", SHIM.clone()), ("CLOCK_SHIFT_FILE", self.file.clone())]
    }

    /// Lets time pass. A program that waits for a timer looks at the clock only when something wakes it.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).expect("tests do not wait so long");
        let ahead = self.ahead.fetch_add(by, Ordering::SeqCst) + by;
        // In place, never truncated: the file is mapped by the process.
        let file = File::options().write(true).open(&self.file).expect("it was written at the start");
        file.write_all_at(&ahead.to_le_bytes(), 0).expect("it was written at the start");
    }
}
