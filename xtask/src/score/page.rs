//! `docs/SCORE.md` from the results there are.

use std::collections::{BTreeMap, BTreeSet};

use super::result::Outcome;

/// The kinds whose answers a supervisor wrote down and looked for.
const TORTURE: [&str; 3] = ["kill-loop sqlite", "kill-loop postgres", "ha"];

/// What a line says where no program was run.
const NOT_RUN: &str = "not run";

/// Commands that are listed for one line of the page; a run for hours may consist of many.
const COMMANDS_SHOWN_MAX: usize = 3;

/// A line of the first table: what it is called, the kinds it is taken from, the figures of them, and the aim of
/// `reliability` §10.
struct Line {
    title: &'static str,
    kinds: &'static [&'static str],
    figures: &'static [&'static str],
    aim: &'static str,
}

const LINES: &[Line] = &[
    Line {
        title: "Answers acknowledged under torture",
        kinds: &TORTURE,
        figures: &["acknowledged", "committed, answer lost"],
        aim: "",
    },
    Line {
        title: "Lost, doubled, other broken promises",
        kinds: &TORTURE,
        figures: &["lost", "doubled", "other broken promises"],
        aim: "0, 0, 0",
    },
    Line {
        title: "Processes killed",
        kinds: &["kill-loop sqlite", "kill-loop postgres"],
        figures: &["SIGKILL", "SIGKILL while starting"],
        aim: "≥ 10,000",
    },
    Line { title: "Primaries killed", kinds: &["ha"], figures: &["primaries killed"], aim: "" },
    Line { title: "Power cuts", kinds: &["power-cuts"], figures: &["power cuts"], aim: "≥ 1,000,000" },
    Line {
        title: "Random programs with equal state on all stores",
        kinds: &["programs"],
        figures: &["programs"],
        aim: "≥ 100,000",
    },
    Line {
        title: "Simulated worlds, days; failed",
        kinds: &["sim"],
        figures: &["seeds", "simulated_days", "failed seeds"],
        aim: "≥ 100,000 days, 0 failed",
    },
    Line { title: "Canaries caught", kinds: &["canaries"], figures: &["canaries_caught"], aim: "all" },
    Line { title: "Fuzz executions", kinds: &["fuzz"], figures: &["executions"], aim: "≥ 10⁹" },
    Line {
        title: "Schemathesis: runs, runs with a finding",
        kinds: &["schemathesis"],
        figures: &["runs", "runs with a finding"],
        aim: "0 with a finding",
    },
];

/// The page, line by line.
type Lines = Vec<String>;

const HEAD: &str = "# Score

What the proofs came to. `cargo xtask score` writes this page from the results of programs that were run, and from
nothing else; `cargo xtask score --list` names them. Runs of one kind are added up, those that failed too.

| Figure | Result | Aim for 1.0 | Command |
|---|---|---|---|";

/// The page.
pub(super) fn page(outcomes: &[Outcome]) -> String {
    let mut page = vec![HEAD.to_owned()];
    for line in LINES {
        let of_kind = of(outcomes, line.kinds);
        row(&mut page, line.title, &figures(&of_kind, line.figures), line.aim, &of_kind);
    }
    for kind in TORTURE {
        let of_kind = of(outcomes, &[kind]);
        let title = format!("Recovery, {kind}: p50, p99, longest");
        let aim = if kind == "ha" { "" } else { "p99 < 2 s" };
        row(&mut page, &title, &recoveries(&of_kind), aim, &of_kind);
    }
    failed(&mut page, outcomes);
    for (title, kinds, prefix) in [
        ("Harm done by torture", TORTURE.as_slice(), ""),
        ("Faults in the simulator", &["sim"], "fault: "),
        ("Rare states seen in the simulator", &["sim"], "rare: "),
    ] {
        counts(&mut page, title, &of(outcomes, kinds), prefix);
    }
    shown(&mut page, "Canaries", &of(outcomes, &["canaries"]));
    shown(&mut page, "What SQLite commits", &of(outcomes, &["bench sqlite"]));
    shown(&mut page, "What PostgreSQL commits", &of(outcomes, &["bench postgres"]));
    page.join("\n") + "\n"
}

fn of<'a>(outcomes: &'a [Outcome], kinds: &[&str]) -> Vec<&'a Outcome> {
    outcomes.iter().filter(|outcome| kinds.contains(&outcome.kind.as_str())).collect()
}

fn row(page: &mut Lines, title: &str, result: &str, aim: &str, outcomes: &[&Outcome]) {
    let commands = commands(outcomes);
    page.push(format!("| {title} | {result} | {aim} | {commands} |"));
}

/// The commands of these results, each once.
fn commands(outcomes: &[&Outcome]) -> String {
    let all: BTreeSet<&str> = outcomes.iter().map(|outcome| outcome.command.as_str()).collect();
    let shown: Vec<String> =
        all.iter().take(COMMANDS_SHOWN_MAX).map(|command| format!("`{command}`")).collect();
    let more = all.len().saturating_sub(COMMANDS_SHOWN_MAX);
    if more == 0 {
        shown.join(", ")
    } else {
        format!("{}, and {more} more with other seeds", shown.join(", "))
    }
}

fn figures(outcomes: &[&Outcome], names: &[&str]) -> String {
    if outcomes.is_empty() {
        return NOT_RUN.to_owned();
    }
    let sum = |name: &&str| outcomes.iter().filter_map(|outcome| outcome.sums.get(*name)).sum::<u64>();
    names.iter().map(|name| format!("{} {}", grouped(sum(name)), words(name))).collect::<Vec<_>>().join("; ")
}

/// A name of a figure as words.
fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn recoveries(outcomes: &[&Outcome]) -> String {
    let mut times: Vec<u64> =
        outcomes.iter().flat_map(|outcome| outcome.recoveries_ms.iter().copied()).collect();
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent).div_ceil(100).saturating_sub(1));
    match (at(50), at(99), times.last()) {
        (Some(p50), Some(p99), Some(longest)) => {
            format!("{} ms, {} ms, {} ms of {}", grouped(*p50), grouped(*p99), grouped(*longest), times.len())
        }
        _ => NOT_RUN.to_owned(),
    }
}

/// Runs that found something wrong; a page without them would be a lie.
fn failed(page: &mut Lines, outcomes: &[Outcome]) {
    page.push("\n## Runs that found something\n".to_owned());
    let failed = outcomes.iter().filter(|outcome| !outcome.kept);
    let failed: Lines = failed.map(|outcome| format!("- {}: `{}`", outcome.kind, outcome.command)).collect();
    match (outcomes.is_empty(), failed.is_empty()) {
        (true, _) => page.push("Nothing was run.".to_owned()),
        (false, true) => page.push(format!("None of {}.", outcomes.len())),
        (false, false) => page.extend(failed),
    }
}

/// A table of figures by name: of those that begin with `prefix`, or of all but the ones of the first table.
fn counts(page: &mut Lines, title: &str, outcomes: &[&Outcome], prefix: &str) {
    page.push(format!("\n## {title}\n"));
    let own: Vec<&str> = LINES.iter().flat_map(|line| line.figures.iter().copied()).collect();
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, count) in outcomes.iter().flat_map(|outcome| &outcome.sums) {
        let wanted =
            if prefix.is_empty() { !own.contains(&name.as_str()) || name.starts_with("SIG") } else { true };
        if let Some(name) = name.strip_prefix(prefix).filter(|_| wanted) {
            *sums.entry(name).or_default() += count;
        }
    }
    if sums.is_empty() {
        page.push(NOT_RUN.to_owned());
        return;
    }
    page.push("| What | Times |\n|---|---:|".to_owned());
    for (name, count) in sums {
        page.push(format!("| {} | {} |", words(name), grouped(count)));
    }
}

/// What the latest run of a kind shows, as it is.
fn shown(page: &mut Lines, title: &str, outcomes: &[&Outcome]) {
    page.push(format!("\n## {title}\n"));
    let Some(latest) = outcomes.last() else {
        page.push(NOT_RUN.to_owned());
        return;
    };
    page.push(format!("`{}`\n\n| What | Result |\n|---|---|", latest.command));
    for (name, value) in &latest.shown {
        page.push(format!("| {} | {value} |", words(name)));
    }
}

/// A number with commas between its thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(kind: &str, command: &str, sums: &[(&str, u64)]) -> Outcome {
        let sums = sums.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let (kind, command) = (kind.to_owned(), command.to_owned());
        Outcome { kind, command, kept: true, sums, recoveries_ms: vec![1_200], ..Outcome::default() }
    }

    #[test]
    fn what_was_not_run_says_so_and_nothing_else() {
        let page = page(&[]);
        let rows: Vec<&str> =
            page.lines().filter(|line| line.starts_with("| ") && !line.contains("Figure")).collect();
        assert_eq!(rows.len(), LINES.len() + TORTURE.len());
        assert!(rows.iter().all(|row| row.contains("| not run |") && row.ends_with("|  |")), "{rows:#?}");
        assert!(page.contains("Nothing was run."));
    }

    #[test]
    fn runs_of_one_kind_are_added_and_each_command_is_named() {
        let one = outcome("kill-loop sqlite", "torture --seed 1", &[("SIGKILL", 1_500), ("lost", 0)]);
        let two = Outcome {
            kept: false,
            ..outcome("kill-loop sqlite", "torture --seed 2", &[("SIGKILL", 700), ("lost", 1)])
        };
        let page = page(&[one, two]);
        let row = |title: &str| page.lines().find(|line| line.contains(title)).unwrap().to_owned();
        assert!(row("Processes killed").contains("2,200 SIGKILL; 0 SIGKILL while starting"));
        assert!(row("Processes killed").contains("`torture --seed 1`, `torture --seed 2`"));
        assert!(row("Lost, doubled").contains("1 lost; 0 doubled"));
        assert!(row("Recovery, kill-loop sqlite").contains("1,200 ms, 1,200 ms, 1,200 ms of 2"));
        assert!(row("Power cuts").contains("not run"));
        assert!(page.contains("- kill-loop sqlite: `torture --seed 2`"), "a run that failed is named");
    }
}
