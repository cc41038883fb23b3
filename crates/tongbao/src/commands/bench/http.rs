//! `tongbao bench http`.
use super::HttpOptions;
use crate::output::Failure;
pub(super) fn run(_: &HttpOptions) -> Result<(), Failure> { Err("later".into()) }
