//! Cursors: every position comes back, and what is no cursor of ours is refused.

use tongbao_api::{
    cursor::{POSITION_BYTES_MAX, decode, encode},
    wire::{cursor_after, read_cursor},
};
use uuid::Uuid;

use super::Target;
use crate::{bytes::Bytes, driver::reached};

/// See the module.
pub const TARGET: Target = Target {
    name: "cursors",
    run: target,
    words: &["AQ", "Ag", "AR", "=", "==", "+", "/", "-", "_", "AQAAAAAAAAAAAA", "通"],
};

/// Takes an input: as a position, as a text, and as an id.
pub fn target(input: &[u8]) {
    let position = &input[..input.len().min(POSITION_BYTES_MAX)];
    assert_eq!(decode(&encode(position)).expect("we made it"), position);
    if let Ok(text) = std::str::from_utf8(input) {
        match decode(text) {
            Ok(position) => {
                reached("a cursor");
                // One position has one cursor: another text for it would be a cursor that we did not make.
                assert_eq!(encode(&position), text);
            }
            Err(problem) => assert_eq!(problem.code, "invalid_cursor"),
        }
        match read_cursor(Some(text)) {
            Ok(after) => {
                reached("an id");
                assert_eq!(after.map(cursor_after).as_deref(), Some(text));
            }
            Err(problem) => assert_eq!(problem.code, "invalid_cursor"),
        }
    }
    let uuid = Uuid::from_bytes(Bytes::new(input).array());
    assert_eq!(read_cursor(Some(&cursor_after(uuid))), Ok(Some(uuid)));
}
