//! Digits as bars: Code 128 (ISO/IEC 15417) in set C, where a symbol holds two digits.
//!
//! The picture has a white ground and a quiet zone on either side, so it scans in dark mode too. Its height follows the
//! page: bars have no other.

use std::fmt::Write as _;

use barcoders::sym::code128::Code128;

/// Light modules on either side (ISO/IEC 15417 §4.4: ten times the narrowest bar).
const QUIET_ZONE: usize = 10;

/// What the encoder reads as "set C from here on".
const SET_C: char = '\u{106}';

/// Draws an even number of digits as an SVG element without size or labels; the page gives it both.
///
/// Returns an empty string for any other text: the page then goes without.
pub fn barcode_svg(digits: &str) -> String {
    let is_pairs = digits.len().is_multiple_of(2) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let code =
        Some(digits).filter(|_| is_pairs).and_then(|digits| Code128::new(format!("{SET_C}{digits}")).ok());
    let Some(code) = code else { return String::new() };
    let modules = code.encode();
    let width = modules.len() + 2 * QUIET_ZONE;
    let mut path = String::new();
    let mut at = QUIET_ZONE;
    for run in modules.chunk_by(|one, next| one == next) {
        if run.first() == Some(&1) {
            let wide = run.len();
            // Writing to a String cannot fail.
            let _ = write!(path, "M{at} 0h{wide}v1h-{wide}z");
        }
        at += run.len();
    }
    format!(
        "<svg viewBox=\"0 0 {width} 1\" preserveAspectRatio=\"none\" shape-rendering=\"crispEdges\" \
         aria-hidden=\"true\"><path fill=\"#fff\" d=\"M0 0h{width}v1H0z\"/><path d=\"{path}\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::{QUIET_ZONE, barcode_svg};

    /// The widths of dark and light runs of the path, in turn.
    fn widths(svg: &str) -> Vec<usize> {
        let path = svg.rsplit_once("d=\"").unwrap().1.split('"').next().unwrap();
        let (mut widths, mut end) = (Vec::new(), QUIET_ZONE);
        for bar in path.split('M').skip(1) {
            let (at, rest) = bar.split_once(" 0h").unwrap();
            let (at, wide) = (at.parse::<usize>().unwrap(), rest.split('v').next().unwrap().parse().unwrap());
            if at > end {
                widths.push(at - end);
            }
            widths.push(wide);
            end = at + wide;
        }
        widths
    }

    /// By hand from the table of ISO/IEC 15417: start C, 12, 34, the check symbol, stop.
    #[test]
    fn bars_are_those_of_the_standard() {
        let check = (105 + 12 + 2 * 34) % 103;
        assert_eq!(check, 82);
        let (start, twelve, thirty_four) = ([2, 1, 1, 2, 3, 2], [1, 1, 2, 2, 3, 2], [1, 3, 1, 1, 2, 3]);
        let (eighty_two, stop) = ([1, 2, 1, 2, 4, 1], [2, 3, 3, 1, 1, 1, 2]);
        let expected = [&start[..], &twelve, &thirty_four, &eighty_two, &stop].concat();
        assert_eq!(widths(&barcode_svg("1234")), expected);
    }

    #[test]
    fn what_is_no_row_of_pairs_has_no_picture() {
        for text in ["123", "12a4", "１２", "<script>"] {
            assert_eq!(barcode_svg(text), "", "{text}");
        }
        assert!(!barcode_svg("134567890123456789").is_empty());
    }
}
