//! What merchants of WeChat Pay's interface do: orders whose money is shared, combined orders, payment codes,
//! transfers. By the inputs of the core that the door hands on; the door itself is tested with real clients.

use std::collections::BTreeMap;

use tongbao_core::{
    id::{PayerId, PaymentId},
    payment::{Method, Payment, Status, create::NewPayment},
    payment_code::Shown,
    profit_sharing::{
        giving_back::{NewReturn, OrderName, ReturnResult, Returned},
        order::{NewShare, NewSharingOrder, Shared},
        receiver::{ReceiverAccount, ReceiverKind},
    },
    transfer::{Transfer, TransferStatus},
    wechat::{
        WechatCombinedOrder,
        codepay::{NewCodeOrder, Scanned},
        combine::{Closed, CombinedTerms, NewCombinedOrder, NewSubOrder, Placed as CombinedPlaced},
        order::{NewOrder, OrderTerms, Placed, TradeType},
        transfer::{Cancelled, NewTransferBill, Offered, TransferTerms},
        transfer_batch::{BatchTerms, NewTransferBatch, TransferDetail},
    },
};

use crate::{
    acts::{Act, Closing, Visit, Yield},
    found::{APPID, fen},
    plan::Feature,
    seen::Rare,
    state::State,
};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const DAY_MS: i64 = 1_440 * MINUTE_MS;

fn payment(order_no: String, minor: i64) -> NewPayment {
    NewPayment {
        order_no,
        money: fen(minor),
        description: "Tea".to_owned(),
        items: Vec::new(),
        metadata: BTreeMap::new(),
        notify_url: None,
        return_url: None,
        expires_in_s: 0,
    }
}

fn terms(mchid: &str, trade_type: TradeType, profit_sharing: bool) -> OrderTerms {
    OrderTerms {
        mchid: mchid.to_owned(),
        appid: APPID.to_owned(),
        trade_type,
        openid: None,
        attach: None,
        goods_tag: None,
        support_fapiao: None,
        detail: None,
        scene_info: None,
        device_id: None,
        profit_sharing: profit_sharing.then_some(true),
    }
}

impl State {
    fn mchid(&self, shop: usize) -> String {
        self.shops.get(shop).map(|shop| shop.mchid.clone()).unwrap_or_default()
    }

    pub(crate) fn plan_shared_order(&mut self, after_ms: i64, number: i64) {
        let (shop, minor) = (self.any_shop(), self.any_amount());
        let ends_in_ms = self.chance.pick(&[90 * SECOND_MS, 30 * MINUTE_MS, DAY_MS]).unwrap_or(DAY_MS);
        let new = NewOrder {
            payment: payment(format!("shared-{number}"), minor),
            terms: terms(&self.mchid(shop), TradeType::Native, true),
            payer: None,
            by_public_key: false,
            time_expire: Some(self.now.plus_ms(after_ms.saturating_add(ends_in_ms))),
        };
        self.act_in(after_ms, Act::Place(Box::new(new)));
    }

    pub(crate) fn plan_combined_order(&mut self, after_ms: i64, number: i64) {
        let combiner = self.any_shop();
        let mut sub_orders = Vec::new();
        for part in 0..self.chance.between(2, 4) {
            let (shop, minor) = (self.any_shop(), self.any_amount());
            sub_orders.push(NewSubOrder {
                mchid: self.mchid(shop),
                out_trade_no: format!("part-{number}-{part}"),
                amount: fen(minor).amount,
                description: "Tea".to_owned(),
                attach: String::new(),
                goods_tag: None,
                detail: None,
                profit_sharing: None,
            });
        }
        let mchid = self.mchid(combiner);
        let notify_url = format!("https://shop-{combiner}.example.com/combined");
        let terms = CombinedTerms {
            mchid,
            appid: APPID.to_owned(),
            out_trade_no: format!("combined-{number}"),
            trade_type: TradeType::Native,
            openid: None,
            scene_info: None,
            device_id: None,
            notify_url,
        };
        let time_expire = Some(self.now.plus_ms(after_ms.saturating_add(30 * MINUTE_MS)));
        let new = NewCombinedOrder { terms, sub_orders, payer: None, by_public_key: false, time_expire };
        self.act_in(after_ms, Act::Combine(Box::new(new)));
    }

    pub(crate) fn plan_code(&mut self, after_ms: i64, number: i64) {
        let Some(payer) = self.any_payer() else { return };
        let digest = blake3::hash(format!("code {number}").as_bytes()).into();
        self.act_in(after_ms, Act::ShowCode(payer, digest));
    }

    pub(crate) fn plan_transfer(&mut self, after_ms: i64, number: i64) {
        let (shop, Some(recipient)) = (self.any_shop(), self.any_payer()) else { return };
        let mchid = self.mchid(shop);
        let most = self.chance.pick(&[500, 500, 20_000]).unwrap_or(500);
        let minor = self.chance.between(1, most);
        let new = State::bill(mchid, format!("transfer-{number}"), recipient, minor);
        self.act_in(after_ms, Act::Transfer(Box::new(new)));
    }

    /// A batch: a few details, or more than one step pays; now and then one for nobody.
    pub(crate) fn plan_batch(&mut self, after_ms: i64, number: i64) {
        let shop = self.any_shop();
        let mchid = self.mchid(shop);
        let count =
            if self.chance.percent(25) { self.chance.between(51, 60) } else { self.chance.between(1, 6) };
        let mut details = Vec::new();
        for place in 0..count {
            let recipient = self.any_payer().filter(|_| !self.chance.percent(10));
            details.push(TransferDetail {
                out_detail_no: format!("detail-{place}"),
                amount: fen(self.chance.between(1, 9)).amount,
                remark: "Reward".to_owned(),
                openid: recipient.map(|payer| payer.to_string()).unwrap_or_default(),
                recipient,
                name: None,
            });
        }
        let terms = BatchTerms {
            mchid,
            appid: APPID.to_owned(),
            out_batch_no: format!("batch-{number}"),
            name: "Rewards".to_owned(),
            remark: "Rewards".to_owned(),
            scene_id: None,
            notify_url: None,
        };
        let new = NewTransferBatch { terms, details, by_public_key: false };
        self.act_in(after_ms, Act::Batch(Box::new(new)));
    }

    fn bill(mchid: String, out_bill_no: String, recipient: PayerId, minor: i64) -> NewTransferBill {
        NewTransferBill {
            out_bill_no,
            money: fen(minor),
            recipient,
            remark: "Reward".to_owned(),
            terms: TransferTerms {
                mchid,
                appid: APPID.to_owned(),
                openid: recipient.to_string(),
                scene_id: "1000".to_owned(),
                perception: None,
                reports: Vec::new(),
                notify_url: None,
            },
            name: None,
            by_public_key: false,
        }
    }

    /// What comes of all this.
    pub(crate) fn wechat_goes_on(&mut self, act: Act, came: Yield) {
        match (act, came) {
            (Act::Place(_), Yield::Placed(Placed::Ready(placed))) => self.placed(&placed),
            (Act::Share(new), Yield::Shared(shared)) => self.shared(&new, shared),
            (Act::GiveBack(_), Yield::GivenBack(Returned::Made(made)))
                if made.result == ReturnResult::BalanceNotEnough =>
            {
                self.see(Rare::ShareReturnShort);
            }
            (Act::Combine(_), Yield::Combined(CombinedPlaced::Ready(order))) => {
                self.combined(&order);
            }
            (Act::CloseCombined(_), Yield::CombinedClosed(Closed::Paying)) => {
                self.see(Rare::CloseWhileProcessing);
            }
            (Act::ShowCode(payer, digest), Yield::Shown(Shown::Code(..))) => self.shown(payer, digest),
            (Act::Scan(new), Yield::Scanned(scanned)) => self.scanned(&new, &scanned),
            (Act::Transfer(_), Yield::Offered(Offered::Made(made)))
                if self.book.transfers.insert(made.id, made.money.amount.minor()).is_none() =>
            {
                self.offered(&made);
            }
            (Act::Cancel(..), Yield::Cancelled(Cancelled::TooLate)) => {
                self.see(Rare::TransferWithdrawnLate);
            }
            _ => {}
        }
    }

    fn placed(&mut self, placed: &Payment) {
        let minor = placed.money.amount.minor();
        self.plan_visits(placed.id, self.expiry(placed.id), true);
        let Some(shop) = self.shop_of(placed.merchant) else { return };
        self.plan_refunds(shop, placed.id, minor);
        let (mchid, Some(order)) = (self.mchid(shop), &placed.wechat) else { return };
        for number in 0..self.chance.between(1, 3) {
            let mut shares = Vec::new();
            let other = self.any_shop();
            if other != shop {
                let most = (minor / 4).max(1);
                shares.push(NewShare {
                    kind: ReceiverKind::Merchant,
                    account: self.mchid(other),
                    name: None,
                    amount: fen(self.chance.between(1, most)).amount,
                    description: "Part".to_owned(),
                });
            }
            if let Some(person) = self.any_payer().filter(|_| shares.is_empty() || minor % 2 == 0) {
                shares.push(NewShare {
                    kind: ReceiverKind::Payer,
                    account: person.to_string(),
                    name: None,
                    amount: fen(self.chance.between(1, (minor / 6).max(1))).amount,
                    description: "Part".to_owned(),
                });
            }
            let new = NewSharingOrder {
                mchid: mchid.clone(),
                transaction_id: order.transaction_id.clone(),
                out_order_no: format!("share-{}-{number}", placed.id),
                shares,
                finish: self.chance.percent(15),
                description: None,
            };
            let after_ms = self.wait_ms(10 * MINUTE_MS);
            self.act_in(after_ms, Act::Share(Box::new(new)));
        }
    }

    fn shared(&mut self, new: &NewSharingOrder, shared: Shared) {
        let made = match shared {
            Shared::Made(made) => made,
            Shared::Denied(_) => return self.see(Rare::ShareDenied),
            Shared::UnknownMerchant
            | Shared::UnknownPayment
            | Shared::NotForSharing
            | Shared::Differs
            | Shared::NoRelation
            | Shared::NameDiffers => return,
        };
        for share in &made.shares {
            let ReceiverAccount::Merchant { mchid, .. } = &share.account else { continue };
            let back = NewReturn {
                mchid: new.mchid.clone(),
                order: OrderName::OutOrderNo(made.out_order_no.clone()),
                out_return_no: format!("back-{}", made.out_order_no),
                return_mchid: mchid.clone(),
                amount: share.amount,
                description: "Back".to_owned(),
            };
            if self.trouble && self.chance.percent(50) {
                let after_ms = self.wait_ms(20 * MINUTE_MS);
                if self.chance.percent(40) {
                    self.empty(mchid, after_ms.saturating_sub(200), &made.out_order_no);
                }
                self.act_in(after_ms, Act::GiveBack(Box::new(back)));
            }
        }
    }

    /// A merchant sends all that it has to a payer.
    fn empty(&mut self, mchid: &str, after_ms: i64, why: &str) {
        let Some(shop) = self.shops.iter().position(|shop| shop.mchid == *mchid) else { return };
        let merchant = self.shops.get(shop).map(|shop| shop.merchant);
        let minor = merchant.map_or(0, |merchant| self.watch.takings(merchant));
        let Some(recipient) = self.any_payer().filter(|_| minor > 0) else { return };
        let new = State::bill(mchid.to_owned(), format!("all-{why}"), recipient, minor);
        self.act_in(after_ms, Act::Transfer(Box::new(new)));
    }

    fn combined(&mut self, order: &WechatCombinedOrder) {
        let Some(payer) = self.any_payer().filter(|_| self.trouble) else { return };
        let after_ms = self.wait_ms(MINUTE_MS);
        if self.does(Feature::Hold) {
            self.act_in(after_ms.saturating_sub(400), Act::Arm(payer));
        }
        self.act_in(after_ms, Act::PayCombined(order.id, payer));
        if self.does(Feature::Close) || self.chance.percent(25) {
            let parts: Vec<(String, String)> =
                order.sub_orders.iter().map(|sub| (sub.mchid.clone(), sub.out_trade_no.clone())).collect();
            let CombinedTerms { mchid, appid, out_trade_no: number, .. } = order.terms.clone();
            let closing = Closing { mchid, appid, number, parts };
            let after_ms = self.wait_ms(MINUTE_MS);
            self.act_in(after_ms, Act::CloseCombined(Box::new(closing)));
        }
        for sub in &order.sub_orders {
            let shop = self.shops.iter().position(|shop| shop.mchid == sub.mchid);
            let minor = self.watch.payments.get(&sub.payment).map(|known| known.money.amount.minor());
            if let (Some(shop), Some(minor)) = (shop, minor) {
                self.plan_refunds(shop, sub.payment, minor);
            }
        }
    }

    /// A code is shown: a shop scans it, in time or not; perhaps another does, too.
    fn shown(&mut self, payer: PayerId, digest: [u8; 32]) {
        let known = self.persons.iter_mut().find(|person| person.id == payer);
        let number = known.map_or(0, |person| {
            person.codes = person.codes.saturating_add(1);
            person.codes
        });
        if !self.trouble {
            return;
        }
        for scan in 0..self.chance.between(1, 2) {
            let (shop, minor) = (self.any_shop(), self.any_amount());
            let new = NewCodeOrder {
                payment: payment(format!("scan-{payer}-{number}-{scan}"), minor),
                terms: terms(&self.mchid(shop), TradeType::Micropay, false),
                code: digest,
                by_public_key: false,
                sandbox: true,
            };
            let mean_ms = if self.chance.percent(80) { 5 * SECOND_MS } else { 4 * MINUTE_MS };
            let after_ms = self.wait_ms(mean_ms);
            self.act_in(after_ms, Act::Scan(Box::new(new)));
        }
    }

    fn scanned(&mut self, new: &NewCodeOrder, scanned: &Scanned) {
        match scanned {
            Scanned::UsedCode => self.see(Rare::CodeUsedTwice),
            Scanned::ExpiredCode => self.see(Rare::CodeExpired),
            Scanned::Order(order) => {
                let waits = order.status == Status::Open && order.wechat.is_some();
                if waits && self.trouble {
                    let payer = order.wechat.as_ref().and_then(|order| order.payer);
                    self.types_password(order.id, payer);
                }
                if self.trouble && self.chance.percent(40) {
                    let terms = &new.terms;
                    let number = new.payment.order_no.clone();
                    let act = Act::Reverse(terms.mchid.clone(), terms.appid.clone(), number);
                    let after_ms = self.wait_ms(MINUTE_MS);
                    self.act_in(after_ms, act);
                }
            }
            Scanned::NotEnough
            | Scanned::UnknownMerchant
            | Scanned::AppidNotBound
            | Scanned::Differs
            | Scanned::Taken
            | Scanned::Paid
            | Scanned::Paying
            | Scanned::Over
            | Scanned::UnknownCode => {}
        }
    }

    fn types_password(&mut self, payment: PaymentId, payer: Option<PayerId>) {
        let Some(payer) = payer else { return };
        let method = Method::Balance;
        let visit = Visit { payment, payer, method, password: Some(true), tries: 0 };
        let after_ms = self.wait_ms(10 * SECOND_MS);
        self.act_in(after_ms, Act::Pay(visit));
    }

    fn offered(&mut self, made: &Transfer) {
        if made.status != TransferStatus::Offered || !self.trouble {
            return;
        }
        let to_end_ms = self.world_time(made.expires_at).since_ms(self.now);
        let after_ms = match self.chance.between(0, 4) {
            0 => to_end_ms.saturating_add(self.chance.between(-20, 20)),
            1 => return,
            _ => self.wait_ms(10 * MINUTE_MS),
        };
        self.act_in(after_ms, Act::Accept(made.recipient, made.id));
        if self.chance.percent(40) {
            let mchid = made.wechat.as_ref().map(|bill| bill.terms.mchid.clone()).unwrap_or_default();
            let later_ms = self.wait_ms(10 * MINUTE_MS);
            self.act_in(later_ms, Act::Cancel(mchid, made.sender.number().to_owned()));
        }
    }
}
