//! Joins, compacts, hashes and compresses the style sheets and scripts, so that the binary carries them ready to send.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Each page family loads one sheet, joined from these parts in this order.
const SHEETS: &[(&str, &[&str])] = &[
    ("cashier", &["tokens", "base", "button", "card", "notice", "field", "method", "cashier"]),
    (
        "console",
        &[
            "tokens", "base", "button", "card", "notice", "field", "status", "table", "console", "phone",
            "inbox", "inspect",
        ],
    ),
    ("wallet", &["tokens", "base", "button", "card", "notice", "field", "method", "wallet", "money", "send"]),
    ("docs", &["tokens", "base", "field", "status", "table", "docs"]),
    ("error", &["tokens", "base", "card", "error"]),
];

const SCRIPTS: &[&str] =
    &["copy", "countdown", "filter", "passkey", "poll-status", "print", "rotate-code", "submit-once"];

/// Hexadecimal digits of BLAKE3 in a file's name: 64 bits, far more than a handful of files needs.
const HASH_DIGITS: usize = 16;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=templates");
    let assets = Path::new("assets");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut table = String::from("static ASSETS: &[(&str, Asset)] = &[\n");
    let mut names = String::new();
    for (sheet, parts) in SHEETS {
        let mut joined = String::new();
        for part in *parts {
            joined.push_str(&fs::read_to_string(assets.join("css").join(part).with_extension("css"))?);
        }
        let compact = compact_css(&joined);
        let hash = blake3::hash(compact.as_bytes()).to_hex();
        let hash = &hash[..HASH_DIGITS];
        fs::write(out.join(format!("{sheet}.css")), &compact)?;
        fs::write(out.join(format!("{sheet}.css.gz")), gzip(compact.as_bytes())?)?;
        let path = format!("/assets/{sheet}.{hash}.css");
        writeln!(names, "/// Where the style sheet `{sheet}` is served.")?;
        writeln!(names, "pub const {}_CSS: &str = \"{path}\";", sheet.to_uppercase())?;
        writeln!(
            table,
            "(\"{path}\", Asset {{ content_type: \"text/css; charset=utf-8\", \
             bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{sheet}.css\")), \
             gzip: Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{sheet}.css.gz\"))), \
             etag: \"\\\"{hash}\\\"\", immutable: true }}),"
        )?;
    }
    table.push_str("];\n");
    for script in SCRIPTS {
        let source = fs::read_to_string(assets.join("js").join(script).with_extension("js"))?;
        fs::write(out.join(format!("{script}.js")), compact_js(&source))?;
        let name = script.to_uppercase().replace('-', "_");
        writeln!(
            names,
            "pub(crate) const {name}_JS: &str = include_str!(concat!(env!(\"OUT_DIR\"), \"/{script}.js\"));"
        )?;
    }
    fs::write(out.join("assets.rs"), names + &table)?;
    Ok(())
}

/// Removes comments and the white space that means nothing.
///
/// White space around `+`, `-`, `(` and combinators stays, because there it may mean something.
fn compact_css(source: &str) -> String {
    let mut compact = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("/*") {
        compact.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    compact.push_str(rest);
    let mut compact = compact.split_whitespace().collect::<Vec<_>>().join(" ");
    for mark in ["{", "}", ";", ","] {
        compact = compact.replace(&format!(" {mark}"), mark).replace(&format!("{mark} "), mark);
    }
    compact.replace(": ", ":").replace(";}", "}")
}

/// Removes comment lines and indentation; line ends stay, so no statement can run into the next.
fn compact_js(source: &str) -> String {
    let lines = source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
