//! The text of a bill, part by part: each part is a page of the account's movements.

use std::sync::Arc;

use tongbao_channel::wechat::bill::{BOM, Day};
use tongbao_core::{
    ledger::{Account, AccountKey},
    wechat::WechatMerchant,
};
use tongbao_engine::Engine;
use tongbao_money::Currency;
use tongbao_store::{Entry, Fault};

use super::{Bill, Content, FundAccount, flows::Flows, trades::Trades};

/// Movements that are read at once: a part of a bill is some 200 KB then.
const PAGE_ROWS: u32 = 1_000;

/// The movements of a merchant's account on a day, and the records behind them.
pub(super) struct Source {
    pub(super) engine: Arc<Engine>,
    pub(super) mchid: String,
    pub(super) account: AccountKey,
    pub(super) day: Day,
}

impl Source {
    /// The next movements of the day after one of them.
    pub(super) fn page(&self, after: u64) -> Result<Vec<Entry>, Fault> {
        let span = (self.day.start(), self.day.end());
        self.engine.store.movements(self.account, span, after, PAGE_ROWS)
    }
}

/// What writes the lines.
enum Lines {
    Trades(Trades),
    Flows(Flows),
}

/// How far it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Heading,
    /// Behind this movement.
    After(u64),
    Done,
}

/// See the module.
pub(super) struct BillText {
    source: Source,
    lines: Lines,
    stage: Stage,
}

impl BillText {
    /// The text of a merchant's bill, from its beginning.
    pub(super) fn new(engine: Arc<Engine>, merchant: &WechatMerchant, bill: Bill) -> BillText {
        let id = merchant.merchant;
        let (account, lines) = match bill.content {
            Content::Trades(bill) => (Account::MerchantPending(id), Lines::Trades(Trades::new(bill))),
            Content::Flows(FundAccount::Basic) => {
                (Account::MerchantPending(id), Lines::Flows(Flows::default()))
            }
            Content::Flows(FundAccount::Operation) => {
                (Account::MerchantAvailable(id), Lines::Flows(Flows::default()))
            }
        };
        let (mchid, account) = (merchant.mchid.clone(), account.of(Currency::CNY));
        BillText { source: Source { engine, mchid, account, day: bill.day }, lines, stage: Stage::Heading }
    }

    /// The next part; `None` is the end. Reads the store, so it is nothing for an async worker.
    pub(super) fn next_part(&mut self) -> Result<Option<String>, Fault> {
        let mut text = String::new();
        let after = match self.stage {
            Stage::Heading => {
                text.push_str(BOM);
                match &self.lines {
                    Lines::Trades(trades) => trades.heading(&mut text),
                    Lines::Flows(_) => Flows::heading(&mut text),
                }
                0
            }
            Stage::After(number) => number,
            Stage::Done => return Ok(None),
        };
        let page = self.source.page(after)?;
        for entry in &page {
            match &mut self.lines {
                Lines::Trades(trades) => trades.take(&self.source, *entry, &mut text)?,
                Lines::Flows(flows) => flows.take(&self.source, *entry, &mut text)?,
            }
        }
        self.stage = page.last().map_or(Stage::Done, |last| Stage::After(last.number));
        if self.stage == Stage::Done {
            match &mut self.lines {
                Lines::Trades(trades) => trades.end(&self.source, &mut text)?,
                Lines::Flows(flows) => flows.end(&mut text),
            }
        }
        Ok(Some(text))
    }

    /// Lines written so far, headings and sums not counted.
    pub(super) fn lines(&self) -> u64 {
        match &self.lines {
            Lines::Trades(trades) => trades.lines(),
            Lines::Flows(flows) => flows.lines(),
        }
    }
}
