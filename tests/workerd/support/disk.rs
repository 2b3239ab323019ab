//! A disk on which writes of portals' objects fail to become durable, on order. Linux only: it rests on `LD_PRELOAD`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::clock::compiled;

static SHIM: LazyLock<PathBuf> = LazyLock::new(|| compiled("brokendisk"));

/// A disk that works until it is told not to.
pub struct Disk(PathBuf);

impl Disk {
    /// A disk that works; `directory` keeps how often it is to fail.
    pub fn new(directory: &Path) -> Self {
        let file = directory.join("disk-failures-left");
        std::fs::write(&file, 0_i64.to_le_bytes()).expect("the directory of the test exists");
        Self(file)
    }

    /// The variables of a process that writes to it.
    pub fn environment(&self) -> [(&'static str, PathBuf); 2] {
        [("LD_PRELOAD", SHIM.clone()), ("DISK_FAULT_FILE", self.0.clone())]
    }

    /// Lets the next so many attempts fail to make something durable.
    pub fn fail(&self, times: i64) {
        // In place, never truncated: the file is mapped by the process.
        let file = File::options().write(true).open(&self.0).expect("it was written at the start");
        file.write_all_at(&times.to_le_bytes(), 0).expect("it was written at the start");
    }

    /// How many failures are still to come.
    pub fn failures_left(&self) -> i64 {
        let bytes = std::fs::read(&self.0).expect("it was written at the start");
        i64::from_le_bytes(bytes.try_into().expect("it has eight bytes"))
    }
}
