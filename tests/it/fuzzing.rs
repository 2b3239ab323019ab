//! What the fuzzer checks, on inputs that are kept: the seeds of `fuzz/corpus`, and in `fuzz/findings` whatever ever broke.
//! Then on mutations of both: few beside the millions of the fuzzer, and the same ones in every run.

#[path = "../../fuzz/properties/mod.rs"]
pub mod properties;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

/// Mutations per target. Without optimization all of them take some seconds.
const MUTATIONS: usize = 500;

/// A fuzz target: its name, and what it checks of an input.
type Target = (&'static str, fn(&[u8]));

/// Every target, as `fuzz/Cargo.toml` lists it.
const TARGETS: [Target; 8] = [
    ("claim", properties::claim::check),
    ("configuration", properties::configuration::check),
    ("cursors", properties::cursors::check),
    ("event", properties::event::check),
    ("form", properties::form::check),
    ("json", properties::json::check),
    ("retry_after", properties::retry_after::check),
    ("spill", properties::spill::check),
];

#[test]
fn every_input_that_is_kept_and_its_mutations_hold_what_must_hold_for_all() {
    for (target, check) in TARGETS {
        let inputs = kept_inputs(target);
        assert!(!inputs.is_empty(), "{target} has no seeds");
        for (file, input) in &inputs {
            assert!(catch_unwind(|| check(input)).is_ok(), "{target}: {}", file.display());
        }
        let seeds: Vec<&[u8]> = inputs.values().map(Vec::as_slice).collect();
        let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        for _ in 0..MUTATIONS {
            let input = mutated(&seeds, &mut random);
            let text = String::from_utf8_lossy(&input);
            assert!(
                catch_unwind(|| check(&input)).is_ok(),
                "{target}: {text:?} is to become a file in fuzz/findings/{target}"
            );
        }
    }
}

#[test]
fn every_fuzz_target_is_run_here_and_every_kept_input_has_a_target() {
    let known: Vec<String> = TARGETS.map(|(target, _)| target.to_owned()).to_vec();
    assert_eq!(names_in("fuzz/fuzz_targets"), known.iter().map(|name| format!("{name}.rs")).collect::<Vec<_>>());
    assert_eq!(names_in("fuzz/corpus"), known);
    assert!(names_in("fuzz/findings").iter().all(|name| known.contains(name)));
}

fn mutated(seeds: &[&[u8]], random: &mut TestRng) -> Vec<u8> {
    let mut below = |bound: usize| usize::try_from(random.next_u32()).unwrap_or(0) % bound.max(1);
    let mut input = seeds[below(seeds.len())].to_vec();
    for _ in 0..=below(4) {
        let (from, to) = (below(input.len() + 1), below(input.len() + 1));
        let range = from.min(to)..from.max(to).min(from.min(to) + 64);
        match below(4) {
            0 => drop(input.drain(range)),
            1 => {
                let piece = input[range].to_vec();
                input.splice(to.min(input.len())..to.min(input.len()), piece);
            }
            2 => {
                let other = seeds[below(seeds.len())];
                let cut = below(other.len() + 1);
                input.splice(from.., other[cut..].iter().copied());
            }
            _ => {
                let byte = b"&=[]%+.{}\":,\\0\x00\xff"[below(16)];
                input.insert(from, byte);
            }
        }
    }
    input
}

/// The inputs of a target by their files.
fn kept_inputs(target: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = ["corpus", "findings"].into_iter().flat_map(|kind| {
        let directory = format!("fuzz/{kind}/{target}");
        names_in(&directory).into_iter().map(move |name| in_project(&directory).join(name))
    });
    files.map(|file| (file.clone(), std::fs::read(file).expect("a file that was listed can be read"))).collect()
}

/// What a directory of the project holds, sorted; nothing where it is not there.
fn names_in(directory: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(in_project(directory)) else {
        return Vec::new();
    };
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("it can be listed").file_name();
    let mut names: Vec<String> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn in_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
