//! QR codes (ISO/IEC 18004) as one small SVG path.
//!
//! Each row of dark modules becomes strokes of one path with relative moves, which is a fifth of the size of a
//! rectangle per module. The picture always has a white ground and the four-module quiet zone of the standard, so it
//! scans in dark mode too.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

/// Light modules around the symbol (ISO/IEC 18004 §9.1).
const QUIET_ZONE: usize = 4;

/// Draws `text` as an SVG element without size or labels; the page gives it both.
///
/// Returns an empty string if `text` does not fit a QR code (2,331 bytes at this level of correction): the page then
/// goes without.
pub fn qr_svg(text: &str) -> String {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else {
        return String::new();
    };
    let width = code.width();
    let side = width + 2 * QUIET_ZONE;
    let path = path(&code.to_colors(), width);
    format!(
        "<svg viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\" aria-hidden=\"true\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path stroke=\"#000\" d=\"{path}\"/></svg>"
    )
}

/// The dark runs of each row, as strokes one module wide.
fn path(modules: &[Color], width: usize) -> String {
    let mut path = String::new();
    for (row, colors) in modules.chunks(width).enumerate() {
        let mut end_of_last_run = None;
        let mut column = 0;
        while column < width {
            let run = colors[column..].iter().take_while(|color| **color == Color::Dark).count();
            if run == 0 {
                column += 1;
                continue;
            }
            // Writing to a String cannot fail.
            let _ = match end_of_last_run {
                None => write!(path, "M{} {}.5h{run}", column + QUIET_ZONE, row + QUIET_ZONE),
                Some(end) => write!(path, "m{} 0h{run}", column - end),
            };
            column += run;
            end_of_last_run = Some(column);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{QUIET_ZONE, qr_svg};

    const CASHIER: &str = "http://127.0.0.1:8080/cashier/pay_01k0abcdefghjkmnpqrstvwxyz";

    /// Paints the path back into modules: `M x y.5`, `m dx 0` and `h run` are all it uses.
    fn modules(svg: &str) -> Vec<Vec<bool>> {
        let side: usize =
            svg.split("viewBox=\"0 0 ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        let path = svg.split("stroke=\"#000\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        let mut grid = vec![vec![false; side]; side];
        let (mut x, mut y) = (0, 0);
        for part in path.split_inclusive(|char: char| char.is_ascii_digit()).collect::<String>().split('h') {
            // `part` is "<length of the run before><next move>".
            let (run, step) =
                part.find(['M', 'm']).map_or((part, ""), |index| (&part[..index], &part[index..]));
            if let Ok(run) = run.parse::<usize>() {
                grid[y][x..x + run].fill(true);
                x += run;
            }
            if let Some(to) = step.strip_prefix('M') {
                let (column, row) = to.split_once(' ').unwrap();
                x = column.parse().unwrap();
                y = row.trim_end_matches(".5").parse().unwrap();
            } else if let Some(by) = step.strip_prefix('m') {
                x += by.split(' ').next().unwrap().parse::<usize>().unwrap();
            }
        }
        grid
    }

    fn decoded(svg: &str) -> String {
        const PIXELS: usize = 4;
        let grid = modules(svg);
        let side = grid.len() * PIXELS;
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| {
            if grid[y / PIXELS][x / PIXELS] { 0 } else { 255 }
        });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    #[test]
    fn a_reader_decodes_what_was_drawn() {
        assert_eq!(decoded(&qr_svg(CASHIER)), CASHIER);
        assert_eq!(decoded(&qr_svg("通宝收款码")), "通宝收款码");
    }

    #[test]
    fn a_cashier_address_fits_three_kilobytes() {
        assert!(qr_svg(CASHIER).len() <= 3_000, "{} bytes", qr_svg(CASHIER).len());
    }

    #[test]
    fn the_quiet_zone_is_light() {
        let grid = modules(&qr_svg(CASHIER));
        assert!(grid[..QUIET_ZONE].iter().flatten().all(|dark| !dark));
        assert!(grid.iter().all(|row| row[..QUIET_ZONE].iter().all(|dark| !dark)));
    }

    #[test]
    fn a_text_too_long_for_a_code_gives_no_picture() {
        assert_eq!(qr_svg(&"x".repeat(3_000)), "");
    }
}
