//! The targets: what is fuzzed, and what must hold.

pub mod accounts;
pub mod actions;
pub mod amounts;
pub mod bodies;
pub mod cursors;
pub mod ids;
pub mod json;
pub mod keys;
pub mod new_payments;
pub mod pages;
pub mod queries;
pub mod records;
pub mod rules;
pub mod shown_amounts;
pub mod signature_doctor;
pub mod signatures;
pub mod stores;
pub mod times;
pub mod webhook_urls;
pub mod wechat_answers;
pub mod wechat_authorizations;
pub mod wechat_certificates;

/// Something to fuzz.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is that of its file and of its corpus.
    pub name: &'static str,
    /// Takes an input; panics when a law is broken.
    pub run: fn(&[u8]),
    /// Words that mean something to it.
    pub words: &'static [&'static str],
}
