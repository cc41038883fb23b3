//! From intentions to movements: who has too little tops up first, or pays by card; who is silent does nothing.

use std::collections::BTreeMap;

use tongbao_money::{Amount, Money};

use super::{
    World,
    draft::{Draft, Drafts, Sum},
    people::People,
};
use crate::{
    aml::{
        movement::{Movement, MovementKind, Party, Ties},
        table::CURRENCY,
    },
    features::EntityId,
    seeded::Seeded,
};

const FOR_BALANCES: u64 = 141;

/// What nobody withdraws: a yuan.
const WITHDRAWN_MIN_FEN: i64 = 100;

struct Books {
    balances: BTreeMap<Party, i64>,
    movements: Vec<Movement>,
    end_ms: i64,
}

/// Plays the intentions in the order of time.
pub(super) fn settle(world: &World, people: &People, mut drafts: Drafts) -> Vec<Movement> {
    drafts.0.sort_unstable();
    let mut seeded = Seeded::of(world.seed, FOR_BALANCES, 0);
    let end_ms = super::START_MS + i64::from(world.days) * super::draft::DAY_MS;
    let mut books = Books { balances: BTreeMap::new(), movements: Vec::new(), end_ms };
    for draft in drafts.0 {
        let is_silent = |party: Party| !draft.is_planted && silent(people, party, draft.at_ms);
        if draft.at_ms < end_ms && !is_silent(draft.from) && !is_silent(draft.to) {
            books.play(&draft, &mut seeded);
        }
    }
    // A top-up may stand before what was played before it.
    books.movements.sort_by_key(|movement| (movement.at_ms, movement.id));
    books.movements
}

fn silent(people: &People, party: Party, at_ms: i64) -> bool {
    let Party::Payer(id) = party else { return false };
    let number = usize::try_from(id.0 - 1).unwrap_or_default();
    let silence = people.all.get(number).and_then(|person| person.silence);
    silence.is_some_and(|silence| (silence.from_ms..silence.until_ms).contains(&at_ms))
}

impl Books {
    fn play(&mut self, draft: &Draft, seeded: &mut Seeded) {
        let drawn = seeded.fen(300.0, 1.2);
        let has =
            if draft.from.is_payer() { *self.balances.entry(draft.from).or_insert(drawn) } else { i64::MAX };
        let fen = match (draft.sum, draft.kind) {
            (Sum::Everything, _) => has,
            (Sum::Fen(fen), MovementKind::Withdrawal) => fen.min(has),
            (Sum::Fen(fen), _) => fen,
        };
        if draft.kind == MovementKind::Withdrawal && fen < WITHDRAWN_MIN_FEN {
            return;
        }
        if fen > has && draft.kind == MovementKind::Transfer {
            let missing =
                if seeded.percent(50.0) { fen - has } else { (fen - has) / 10_000 * 10_000 + 10_000 };
            let at_ms = draft.at_ms - seeded.between(2_000, 90_000);
            self.book(at_ms, MovementKind::TopUp, Party::Outside, draft.from, missing);
        }
        self.book(draft.at_ms, draft.kind, draft.from, draft.to, fen);
    }

    fn book(&mut self, at_ms: i64, kind: MovementKind, from: Party, to: Party, fen: i64) {
        let Some(amount) = Amount::new(fen) else { return };
        let left = self.balances.get_mut(&from).map(|balance| {
            // What is not covered is paid by card and does not touch the balance.
            *balance = if *balance >= fen { *balance - fen } else { *balance };
            *balance
        });
        if to.is_payer() {
            *self.balances.entry(to).or_insert(0) += fen;
        }
        if at_ms >= self.end_ms {
            return;
        }
        let id = EntityId((1 << 100) + self.movements.len() as u128);
        let money = Money { amount, currency: CURRENCY };
        let left = left.and_then(Amount::new);
        let ties = Ties::default();
        self.movements.push(Movement { at_ms, id, kind, from, to, money, left, ties });
    }
}
