//! What is judged.

use tongbao_money::Amount;

use crate::{
    choices::{Category, Level, Means, Operation, Scene},
    features::EntityId,
    profile::Profile,
};

/// Something that is asked for, and what is remembered of those involved.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// When, in seconds since 1970.
    pub at_s: i64,
    /// What.
    pub operation: Operation,
    /// Where.
    pub scene: Scene,
    /// How it is paid.
    pub means: Means,
    /// What the payee deals in.
    pub category: Category,
    /// The payer's identity level.
    pub level: Level,
    /// How much, in fen of CNY.
    pub amount: Amount,
    /// What the payer has before this, in fen.
    pub balance_before: i64,
    /// The payer's years, if they are known.
    pub age: Option<u8>,
    /// Who pays.
    pub payer: Party<'a>,
    /// Who is paid.
    pub payee: Option<Party<'a>>,
    /// The card, if one is used.
    pub card: Option<Party<'a>>,
    /// The device, if it is known; since when the payer uses it.
    pub device: Option<Party<'a>>,
    /// The network address, if it is known.
    pub address: Option<Party<'a>>,
    /// When the payer signed in, in seconds since 1970.
    pub signed_in_s: Option<i64>,
    /// Whether the payee signs in on this device, too.
    pub is_device_of_payee: bool,
    /// Wrong payment passwords since the last right one.
    pub wrong_passwords: u32,
    /// What lists say.
    pub listed: Listed,
}

/// Somebody or something involved.
#[derive(Clone, Copy, Debug)]
pub struct Party<'a> {
    /// Its id as people write it; rules rest for it by this.
    pub name: &'a str,
    /// Its id.
    pub id: EntityId,
    /// What is remembered of it.
    pub profile: &'a Profile,
    /// Since when it is known: signed up, bound, first seen; in seconds since 1970.
    pub since_s: i64,
}

/// What lists say that does not decide by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "five slots of rules")]
pub struct Listed {
    /// The payer is watched.
    pub payer_watch: bool,
    /// The payee is.
    pub payee_watch: bool,
    /// The device is.
    pub device_watch: bool,
    /// Another institution has listed the payer.
    pub payer_foreign: bool,
    /// Another institution has listed the payee.
    pub payee_foreign: bool,
}

impl<'a> Subject<'a> {
    /// The ids of those involved, the payer's first.
    pub(super) fn names(&self) -> Vec<&'a str> {
        let others = [self.payee, self.card, self.device, self.address];
        std::iter::once(self.payer.name).chain(others.into_iter().flatten().map(|party| party.name)).collect()
    }
}
