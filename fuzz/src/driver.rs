//! The driver on the stable compiler: replays the corpus, then mutates until the time is over.
//!
//! How long is in `FUZZ_SECONDS` (1 for each target unless it says otherwise), the seed in `FUZZ_SEED` (drawn
//! unless it says otherwise, and printed). A target that calls [`reached`] tells where an input led it; inputs
//! that lead somewhere new are mutated further.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    fs,
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, Write},
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::Once,
    time::{Duration, Instant},
};

use simdisk::Chance;
use tongbao_engine::auth::hex;

use crate::{mutate::mutate, targets::Target};

/// Inputs kept to be mutated further; beyond that, what was kept is enough.
const POOL_MAX: usize = 4_000;
/// Executions spent on making a failing input shorter.
const SHORTENINGS_MAX: u32 = 2_000;
/// Bytes of a failing input that are printed; the file holds all of it.
const SHOWN_BYTES_MAX: usize = 2_048;

thread_local! {
    static REACHED: RefCell<HashSet<[u8; 32]>> = RefCell::default();
    static NEW: Cell<bool> = const { Cell::new(false) };
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Tells the driver where an input has led: the name of a refusal, of an outcome, of a branch.
pub fn reached(place: &str) {
    let digest = blake3::hash(place.as_bytes()).into();
    let new = REACHED.with_borrow_mut(|reached| reached.insert(digest));
    if new {
        NEW.set(true);
    }
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// What a search came to, when nothing was found.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// How often the target ran, the corpus not counted.
    pub executions: u64,
    /// How many places it told of.
    pub places: usize,
    /// How many inputs were worth mutating.
    pub kept: usize,
}

/// An input that breaks a law.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The input, as short as it was made.
    pub input: Vec<u8>,
    /// What the panic said, and how the input was come by.
    pub why: String,
}

/// Runs a target on its corpus and on mutations of it until its time is over; panics with the finding, if
/// there is one.
pub fn run(target: &Target) {
    let corpus = corpus(target.name);
    assert!(!corpus.is_empty(), "fuzz/corpus/{} holds no input to begin with", target.name);
    let seed = number_from("FUZZ_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let time = Duration::from_secs(number_from("FUZZ_SECONDS").unwrap_or(1));
    match search(target, corpus, seed, time) {
        Err(finding) => fail(target, &finding),
        Ok(Figures { executions, places, kept }) => {
            let name = target.name;
            // Written past the test harness, so that the figures of passing targets are seen, too.
            let line = format!(
                "fuzz {name}: seed {seed}, {executions} executions, {places} places, {kept} inputs\n"
            );
            drop(io::stderr().lock().write_all(line.as_bytes()));
        }
    }
}

/// Looks for an input that breaks a law, from these inputs and this seed, for so long.
pub fn search(
    target: &Target,
    corpus: Vec<(String, Vec<u8>)>,
    seed: u64,
    time: Duration,
) -> Result<Figures, Finding> {
    quiet_while_asked();
    for (name, input) in &corpus {
        let tried = attempt(target, input);
        tried.map_err(|why| Finding {
            input: input.clone(),
            why: format!("{why}, by {name} of the corpus"),
        })?;
    }
    let end = Instant::now() + time;
    let mut chance = Chance::new(seed);
    let mut pool: Vec<Vec<u8>> = corpus.into_iter().map(|(_, input)| input).collect();
    let mut executions = 0_u64;
    while Instant::now() < end {
        let input = {
            let (one, other) = (pick(&mut chance, &pool), pick(&mut chance, &pool));
            mutate(&mut chance, one, other, target.words)
        };
        executions += 1;
        NEW.set(false);
        if let Err(why) = attempt(target, &input) {
            let why = format!("{why}; seed {seed}, execution {executions}");
            return Err(Finding { input: shorten(target, input), why });
        }
        if NEW.get() && pool.len() < POOL_MAX {
            pool.push(input);
        }
    }
    Ok(Figures { executions, places: REACHED.with_borrow(HashSet::len), kept: pool.len() })
}

fn pick<'a>(chance: &mut Chance, pool: &'a [Vec<u8>]) -> &'a [u8] {
    let count = u64::try_from(pool.len()).unwrap_or(1).max(1);
    let at = usize::try_from(chance.below(count)).unwrap_or_default();
    pool.get(at).map(Vec::as_slice).unwrap_or_default()
}

/// Runs the target once; gives what a panic said.
fn attempt(target: &Target, input: &[u8]) -> Result<(), String> {
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    outcome.map_err(|said| {
        let text = said.downcast_ref::<String>().cloned();
        text.or_else(|| said.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    })
}

/// Leaves out pieces for as long as the rest still fails.
fn shorten(target: &Target, mut input: Vec<u8>) -> Vec<u8> {
    QUIET.set(true);
    let (mut piece, mut left) = (input.len().div_ceil(2).max(1), SHORTENINGS_MAX);
    loop {
        let mut at = 0;
        while at < input.len() && left > 0 {
            left -= 1;
            let mut shorter = input.clone();
            shorter.drain(at..input.len().min(at + piece));
            if attempt(target, &shorter).is_err() { input = shorter } else { at += piece }
        }
        if piece == 1 || left == 0 {
            QUIET.set(false);
            return input;
        }
        piece = piece.div_ceil(2);
    }
}

/// Prints and writes a failing input, and fails the test.
fn fail(target: &Target, Finding { input, why }: &Finding) -> ! {
    let name = format!("{}-{}", target.name, &blake3::hash(input).to_hex()[..16]);
    let path = findings().join(&name);
    let written = fs::create_dir_all(findings()).and_then(|()| fs::write(&path, input));
    let place = written.map_or_else(|error| error.to_string(), |()| path.display().to_string());
    let shown = &input[..input.len().min(SHOWN_BYTES_MAX)];
    let hex = hex(shown);
    panic!(
        "fuzz {}: {why}\ninput of {} bytes ({place}): {hex}\n{:?}\nbefore the repair: copy it to fuzz/corpus/{}",
        target.name,
        input.len(),
        String::from_utf8_lossy(shown),
        target.name
    );
}

/// The inputs to begin with, by name.
fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
    let read = |entry: fs::DirEntry| {
        Some((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).ok()?))
    };
    let mut inputs: Vec<_> = entries.filter_map(read).collect();
    inputs.sort();
    inputs
}

fn findings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/fuzz")
}

/// Lets panics be silent on a thread that provokes them on purpose.
fn quiet_while_asked() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |said| {
            if !QUIET.get() {
                loud(said);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds what is planted behind three gates; each gate passed is told, or the third is never reached.
    fn planted(input: &[u8]) {
        for gate in ["p", "pa", "pay"] {
            if !input.starts_with(gate.as_bytes()) {
                return;
            }
            reached(gate);
        }
        assert!(input.len() < 4, "planted");
    }

    #[test]
    fn the_driver_finds_a_planted_fault_and_shortens_it() {
        let target = Target { name: "planted", run: planted, words: &[] };
        let begin = vec![("seed".to_owned(), b"nothing to see here, and long".to_vec())];
        let found = search(&target, begin, 1, Duration::from_secs(20)).expect_err("it is there");
        assert!(found.why.starts_with("planted; seed 1, execution "), "{}", found.why);
        assert_eq!((&found.input[..3], found.input.len()), (&b"pay"[..], 4));
    }

    #[test]
    fn an_input_of_the_corpus_that_fails_is_named() {
        let target = Target { name: "planted", run: planted, words: &[] };
        let found = search(&target, vec![("old".to_owned(), b"pay_".to_vec())], 1, Duration::ZERO);
        assert_eq!(found.expect_err("it fails").why, "planted, by old of the corpus");
    }

    #[test]
    fn one_seed_is_one_search() {
        let record = |seed| {
            let mut chance = Chance::new(seed);
            (0..100).map(|_| mutate(&mut chance, b"{}", b"[1]", &["null"])).collect::<Vec<_>>()
        };
        assert_eq!(record(5), record(5));
        assert_ne!(record(5), record(6));
    }
}
