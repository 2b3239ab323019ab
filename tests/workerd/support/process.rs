//! A program with all its children, which ends as one: when it is killed, when it is dropped, and when the test dies.

use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use super::wait::now;

/// Runs the program, and kills the group as soon as the program ends or the pipe on standard input closes, which it does
/// when the test process ends, however it ends. `kill 0` is the own process group.
const LEASH: &str = r#"("$@" </dev/null; kill -KILL 0) & cat >/dev/null; kill -KILL 0"#;

/// How many lines of standard error a failing test shows.
const SHOWN_LINES: usize = 40;

/// A running program, leader of its own process group.
pub struct ProcessGroup {
    shell: Child,
    /// What it printed; locked, since a relay is shared between threads.
    lines: Mutex<Receiver<String>>,
    errors: PathBuf,
}

impl ProcessGroup {
    /// Starts `program` in the directory `at`. Its standard error goes to the file `errors`, shown when the test fails.
    pub fn start(program: &Path, at: &Path, errors: &Path, configure: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", LEASH, "sh"]).arg(program).current_dir(at);
        configure(&mut command);
        command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(errors).expect("the directory of the test exists"));
        let mut shell = command.spawn().expect("sh is there");
        let output = shell.stdout.take().expect("it is piped");
        let (sender, lines) = channel();
        // Reads to the end, so that the program never waits for a reader.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { shell, lines: Mutex::new(lines), errors: errors.to_owned() }
    }

    /// Waits for the first line of standard output in which `pick` finds something.
    ///
    /// # Panics
    /// When the program ends before, or the time is over.
    pub fn wait_for_line<T>(&self, what: &str, within: Duration, pick: impl Fn(&str) -> Option<T>) -> T {
        let deadline = now() + within;
        let lines = self.lines.lock().expect("no thread panics while it holds the lock");
        loop {
            match lines.recv_timeout(deadline.saturating_duration_since(now())) {
                Ok(line) => {
                    if let Some(found) = pick(&line) {
                        return found;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("waited {within:?} in vain for {what}:\n{}", self.last_errors())
                }
                Err(RecvTimeoutError::Disconnected) => panic!("it ended before {what}:\n{}", self.last_errors()),
            }
        }
    }

    /// What a crash would do: SIGKILL to all of the group at once. May come while another thread waits for an answer.
    pub fn crash(&self) {
        // An error only says that it has ended already. Its id is not another's before `kill` or `has_ended` has seen the end.
        kill_process_group(Pid::from_child(&self.shell), Signal::KILL).ok();
    }

    /// Crashes it, and waits for the end.
    pub fn kill(&mut self) {
        // Once it has ended its id may be another's.
        if !self.has_ended() {
            self.crash();
            self.shell.wait().expect("the shell is a child of this process");
        }
    }

    /// What the death of the test process would do: closes the pipe that the group hangs on.
    pub fn cut_leash(&mut self) {
        drop(self.shell.stdin.take());
    }

    /// Whether the group has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.shell.try_wait().expect("the shell is a child of this process").is_some()
    }

    fn last_errors(&self) -> String {
        let text = std::fs::read_to_string(&self.errors).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("last lines of its standard error:\n{}", self.last_errors());
        }
    }
}

/// Runs `program` to its end, which must be a good one and come within `within`; gives its standard output.
///
/// # Panics
/// When it cannot be started, fails, or takes too long.
pub fn run(program: &Path, at: &Path, within: Duration, configure: impl FnOnce(&mut Command)) -> String {
    let name = program.display();
    let mut command = Command::new(program);
    command.current_dir(at).process_group(0);
    configure(&mut command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap_or_else(|e| panic!("{name} cannot be started: {e}"));
    let group = Pid::from_child(&child);
    let (sender, ended) = channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = ended.recv_timeout(within) else {
        kill_process_group(group, Signal::KILL).expect("the group is there: its leader has not ended");
        panic!("{name} did not end within {within:?}");
    };
    let output = output.expect("its output can be read");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} failed: {errors}");
    String::from_utf8(output.stdout).expect("it prints text")
}
