//! The colours keep the contrast that WCAG 2.2 level AA asks for, in light and in dark.

use std::collections::BTreeMap;

/// 1.4.3 Contrast (Minimum), normal text.
const TEXT: f64 = 4.5;
/// 1.4.11 Non-text Contrast: edges of fields, dots, focus rings.
const SHAPE: f64 = 3.0;

const PAIRS: [(&str, &str, f64); 25] = [
    ("ink", "page", TEXT),
    ("ink", "card", TEXT),
    ("ink", "raised", TEXT),
    ("ink", "busy-ground", TEXT),
    ("ink", "mark", TEXT),
    ("soft", "page", TEXT),
    ("soft", "card", TEXT),
    ("soft", "raised", TEXT),
    ("soft", "busy-ground", TEXT),
    ("link", "page", TEXT),
    ("link", "card", TEXT),
    ("on-action", "action", TEXT),
    ("good", "good-ground", TEXT),
    ("busy", "busy-ground", TEXT),
    ("warn", "warn-ground", TEXT),
    ("warn", "card", TEXT),
    ("warn", "raised", TEXT),
    ("bad", "bad-ground", TEXT),
    ("bad", "card", TEXT),
    ("idle", "raised", TEXT),
    ("edge", "card", SHAPE),
    ("edge", "page", SHAPE),
    ("brand", "page", SHAPE),
    ("brand", "card", SHAPE),
    ("good", "card", SHAPE),
];

fn colours(css: &str) -> BTreeMap<&str, [f64; 3]> {
    let declarations = css.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_once(": "));
    declarations
        .filter_map(|(name, value)| Some((name, rgb(value.trim_end_matches(';').strip_prefix('#')?))))
        .collect()
}

fn rgb(digits: &str) -> [f64; 3] {
    let wide: String = if digits.len() == 3 {
        digits.chars().flat_map(|digit| [digit, digit]).collect()
    } else {
        digits.into()
    };
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&wide[at..at + 2], 16).unwrap()) / 255.0)
}

/// Relative luminance (WCAG 2.2, glossary).
fn luminance(colour: [f64; 3]) -> f64 {
    let [red, green, blue] =
        colour.map(
            |channel| {
                if channel <= 0.040_45 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
            },
        );
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_pair_of_ink_and_ground_is_readable_in_light_and_dark() {
    let sheet = include_str!("../../assets/css/tokens.css");
    let (light, dark) = sheet.split_once("@media").unwrap();
    let light = colours(light);
    let mut night = light.clone();
    night.extend(colours(dark));
    for (theme, colours) in [("light", light), ("dark", night)] {
        for (ink, ground, least) in PAIRS {
            let measured = contrast(colours[ink], colours[ground]);
            assert!(measured >= least, "{theme}: {ink} on {ground} is {measured:.2}, below {least}");
        }
    }
}
