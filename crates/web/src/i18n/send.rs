//! The words of home, payment code, transfers, collection code and bills.

use tongbao_core::transfer::{
    ReturnReason,
    send::{TransferTold, What},
};

use super::{
    Lang,
    phrase::{duration, plural},
};
use crate::{
    amount::Amount,
    wallet::send::{BillTitle, SendNotice, StepWhat},
};

texts! {
    /// The words of these pages.
    pub Text {
        Home: "钱包", "Wallet";
        Balance: "余额", "Balance";
        Held: "处理中", "Being processed";
        HideBalance: "隐藏余额", "Hide balance";
        ShowBalance: "显示余额", "Show balance";
        HiddenBalance: "余额已隐藏", "Balance hidden";
        Entries: "功能", "What you can do";
        Code: "付款码", "Payment code";
        Scan: "扫一扫", "Scan";
        ScanHint: "用手机相机扫描收款码或收银台二维码，即可在手机上付款。",
            "Scan a collection code or a cashier's QR code with your phone's camera, and pay on your phone.";
        Transfer: "转账", "Transfer";
        Collect: "收款", "Collect";
        Cards: "银行卡", "Cards";
        TopUp: "充值", "Top up";
        Withdraw: "提现", "Withdraw";
        Utilities: "生活缴费", "Utilities";
        Transit: "乘车码", "Transit";
        WaitingTitle: "待收款", "Waiting for you";
        RecentTitle: "最近账单", "Latest bills";
        AllBills: "全部账单", "All bills";
        CodeTitle: "向商家付款", "Pay in a shop";
        CodeHint: "请店员扫描。每分钟更新一次，请勿截图发给他人。",
            "Let the shop scan this. It changes every minute; never send a picture of it to anybody.";
        CodeIntro: "展示付款码，商家扫描后即从余额付款。不超过 1,000 元无需密码。",
            "Show your code and the shop takes the payment from your balance. Up to 1,000 yuan needs no password.";
        ShowCode: "展示付款码", "Show my code";
        NewCode: "换一个", "Another one";
        CodeLabel: "付款码的条形码和二维码", "Your payment code as bars and as a QR code";
        CodesUsedUp: "这一分钟的付款码已用完，请稍等片刻再试。",
            "All codes of this minute are used. Please try again in a moment.";
        TransferTitle: "转账给谁", "Send money to";
        Phone: "对方手机号", "Their phone number";
        PhoneHint: "对方需要已经有本平台账户。", "They must have an account here.";
        Next: "下一步", "Next";
        RecentPayees: "最近转过", "Sent to before";
        To: "收款方", "To";
        Amount: "金额（元）", "Amount in yuan";
        Note: "备注（选填）", "Note (optional)";
        NoteHint: "最多 50 个字，对方能看到", "At most 50 characters; they will see it";
        WayTitle: "到账方式", "When it arrives";
        AtOnce: "实时到账", "At once";
        AtOnceHint: "确认后无法撤回", "It cannot be taken back";
        ToBeAccepted: "对方确认后到账", "When they accept it";
        ToBeAcceptedHint: "24 小时内未确认将自动退回，确认前可撤回",
            "It comes back after 24 hours; until they accept it you can take it back";
        Surname: "核对姓名：填写对方姓名的第一个字", "Check the name: its first character";
        SurnameHint: "选填，填写后会与实名信息核对", "Optional; compared with the verified name";
        FirstTime: "这是你第一次给对方转账。请再次确认对方身份，谨防诈骗。",
            "You have never sent money to this person. Make sure who it is; beware of fraud.";
        ConfirmTitle: "确认转账", "Confirm the transfer";
        ConfirmCodeTitle: "确认付款", "Confirm the payment";
        Password: "支付密码", "Payment password";
        PasswordHint: "6 位数字", "6 digits";
        Change: "修改", "Change";
        Another: "换一个收款方", "Somebody else";
        CollectTitle: "我的收款码", "My collection code";
        CollectIntro: "生成收款码，别人扫码即可向你付款，钱实时进入余额。",
            "Make your code: others scan it and pay you, and the money is in your balance at once.";
        MakeCode: "生成收款码", "Make my code";
        CollectQr: "收款码", "Collection code";
        CollectRule: "按监管要求，静态收款码每位付款人每天累计最多 500 元。",
            "By regulation a static code takes at most 500 yuan a day from each payer.";
        FixTitle: "设置金额", "Ask for an amount";
        FixHint: "留空则由付款人输入", "Leave it empty and whoever pays types it";
        Save: "保存", "Save";
        PayCodeTitle: "扫码付款", "Pay a collection code";
        BillsTitle: "账单", "Bills";
        Month: "月份", "Month";
        Kind: "类型", "Kind";
        Show: "查看", "Show";
        Income: "收入", "In";
        Expense: "支出", "Out";
        NoBills: "这个月没有账单。", "There are no bills in this month.";
        Earlier: "上个月", "Month before";
        Later: "下个月", "Month after";
        MoreOlder: "更早", "Older";
        MoreNewer: "更近", "Newer";
        Cut: "这个月的账单太多，这里只显示最早的一部分，收支合计也只包括这一部分。",
            "This month has too many bills: only its earliest are shown and summed up here.";
        Receipt: "电子回单", "Receipt";
        ReceiptNumber: "单号", "Number";
        Status: "状态", "Status";
        Time: "时间", "Time";
        Counterparty: "对方", "With";
        NoteLabel: "备注", "Note";
        Goods: "商品", "Description";
        OrderNo: "商户订单号", "Shop's order number";
        Method: "付款方式", "Paid with";
        Progress: "进度", "What happened";
        Print: "打印或保存为 PDF", "Print or save as PDF";
        PrintHint: "也可以用浏览器的打印功能保存。", "Your browser's print menu saves it, too.";
        Accept: "确认收款", "Accept";
        Decline: "退回给对方", "Send it back";
        TakeBack: "撤回转账", "Take it back";
        AcceptUntil: "请在此时间前确认", "Accept it before";
        Done: "转账成功", "Money sent";
        DoneOffered: "已发出，等待对方确认", "Sent; waiting for them to accept";
        ViaCode: "收款码", "Collection code";
    }
}

texts! {
    /// What kind of bill it is; also what the list can be filtered by.
    pub BillKind {
        /// Of any kind.
        All: "全部", "All";
        /// Paid to a shop.
        Payment: "付款", "Payments";
        /// To or from another payer, or a shop.
        Transfer: "转账", "Transfers";
        /// Came back from a shop.
        Refund: "退款", "Refunds";
        /// Put into the balance.
        TopUp: "充值", "Top-ups";
        /// Taken out of it.
        Withdrawal: "提现", "Withdrawals";
        /// Paid to a biller.
        Utility: "生活缴费", "Utilities";
        /// Paid for a ride.
        Ride: "乘车", "Rides";
        /// Anything else.
        Other: "其他", "Other";
    }
}

impl BillKind {
    /// All of them, in the order in which they are offered.
    pub const EVERY: [BillKind; 9] = [
        BillKind::All,
        BillKind::Payment,
        BillKind::Transfer,
        BillKind::Refund,
        BillKind::TopUp,
        BillKind::Withdrawal,
        BillKind::Utility,
        BillKind::Ride,
        BillKind::Other,
    ];

    /// The value of the form's field.
    pub fn value(self) -> &'static str {
        match self {
            BillKind::All => "all",
            BillKind::Payment => "payment",
            BillKind::Transfer => "transfer",
            BillKind::Refund => "refund",
            BillKind::TopUp => "top_up",
            BillKind::Withdrawal => "withdrawal",
            BillKind::Utility => "utility",
            BillKind::Ride => "ride",
            BillKind::Other => "other",
        }
    }
}

texts! {
    /// Where the thing that a bill is of stands.
    pub BillStatus {
        /// Done.
        Done: "已完成", "Completed";
        /// Waits for the recipient.
        Waiting: "待对方确认", "Waiting to be accepted";
        /// Waits for the reader.
        WaitingForYou: "待你确认", "Waiting for you";
        /// Came back, or went back.
        Returned: "已退回", "Returned";
        /// Its result is not known.
        Processing: "处理中", "Being processed";
        /// Came to nothing.
        Failed: "未成功", "Failed";
        /// Some of it was given back.
        PartlyRefunded: "部分退款", "Partly refunded";
        /// All of it was given back.
        Refunded: "已退款", "Refunded";
    }
}

/// What a bill is of.
pub(crate) fn bill_title(lang: Lang, title: &BillTitle) -> String {
    match (title, lang) {
        (BillTitle::PaidTo(shop), Lang::Zh) => format!("付款给 {shop}"),
        (BillTitle::PaidTo(shop), Lang::En) => format!("Paid to {shop}"),
        (BillTitle::RefundFrom(shop), Lang::Zh) => format!("{shop} 退款"),
        (BillTitle::RefundFrom(shop), Lang::En) => format!("Refund from {shop}"),
        (BillTitle::SentTo(who), Lang::Zh) => format!("转账给 {who}"),
        (BillTitle::SentTo(who), Lang::En) => format!("Sent to {who}"),
        (BillTitle::ReceivedFrom(who), Lang::Zh) => format!("{who} 转来"),
        (BillTitle::ReceivedFrom(who), Lang::En) => format!("Received from {who}"),
        (BillTitle::CameBackFrom(who), Lang::Zh) => format!("转给 {who} 的款项退回"),
        (BillTitle::CameBackFrom(who), Lang::En) => format!("Came back from {who}"),
        (BillTitle::TopUp, Lang::Zh) => "充值到余额".to_owned(),
        (BillTitle::TopUp, Lang::En) => "Top-up".to_owned(),
        (BillTitle::Withdrawal, Lang::Zh) => "提现到银行卡".to_owned(),
        (BillTitle::Withdrawal, Lang::En) => "Withdrawal to a card".to_owned(),
        (BillTitle::WithdrawalFee, Lang::Zh) => "提现手续费".to_owned(),
        (BillTitle::WithdrawalFee, Lang::En) => "Withdrawal fee".to_owned(),
        (BillTitle::WithdrawalBack, Lang::Zh) => "提现退回".to_owned(),
        (BillTitle::WithdrawalBack, Lang::En) => "Withdrawal came back".to_owned(),
        (BillTitle::Shared, Lang::Zh) => "商家分账".to_owned(),
        (BillTitle::Shared, Lang::En) => "Share of a payment".to_owned(),
        (BillTitle::Other, Lang::Zh) => "余额变动".to_owned(),
        (BillTitle::Other, Lang::En) => "Change of the balance".to_owned(),
    }
}

/// A step on the way of what a bill is of.
pub(crate) fn step(lang: Lang, what: &StepWhat) -> String {
    let text = match (what, lang) {
        (StepWhat::Ordered, Lang::Zh) => "商家下单",
        (StepWhat::Ordered, Lang::En) => "Ordered",
        (StepWhat::Tried, Lang::Zh) => "发起付款",
        (StepWhat::Tried, Lang::En) => "You paid",
        (StepWhat::TryFailed, Lang::Zh) => "付款未成功，没有扣款",
        (StepWhat::TryFailed, Lang::En) => "That did not work; nothing was charged",
        (StepWhat::Paid, Lang::Zh) => "付款成功",
        (StepWhat::Paid, Lang::En) => "Payment complete",
        (StepWhat::Closed, Lang::Zh) => "订单关闭",
        (StepWhat::Closed, Lang::En) => "Order closed",
        (StepWhat::RefundAsked(amount), Lang::Zh) => return format!("商家发起退款 {amount}"),
        (StepWhat::RefundAsked(amount), Lang::En) => return format!("The shop refunds {amount}"),
        (StepWhat::RefundArrived(amount), Lang::Zh) => return format!("退款到账 {amount}"),
        (StepWhat::RefundArrived(amount), Lang::En) => return format!("{amount} came back"),
        (StepWhat::RefundFailed, Lang::Zh) => "退款未成功",
        (StepWhat::RefundFailed, Lang::En) => "The refund failed",
        (StepWhat::Sent, Lang::Zh) => "转出",
        (StepWhat::Sent, Lang::En) => "Sent",
        (StepWhat::Arrived, Lang::Zh) => "到账",
        (StepWhat::Arrived, Lang::En) => "Arrived",
        (StepWhat::Accepted, Lang::Zh) => "收款方确认收款",
        (StepWhat::Accepted, Lang::En) => "Accepted",
        (StepWhat::TakenBack, Lang::Zh) => "转出方撤回，已退回",
        (StepWhat::TakenBack, Lang::En) => "Taken back by the sender",
        (StepWhat::SentBack, Lang::Zh) => "收款方退回",
        (StepWhat::SentBack, Lang::En) => "Sent back by the recipient",
        (StepWhat::TimeOver, Lang::Zh) => "超过 24 小时未确认，已退回",
        (StepWhat::TimeOver, Lang::En) => "Not accepted in time; went back",
        (StepWhat::EndsAt, Lang::Zh) => "到时未确认将自动退回",
        (StepWhat::EndsAt, Lang::En) => "Goes back unless it is accepted before",
    };
    text.to_owned()
}

/// The label of the button that sends.
pub(crate) fn confirm(lang: Lang, amount: &Amount) -> String {
    match lang {
        Lang::Zh => format!("确认转账 {amount}"),
        Lang::En => format!("Send {amount}"),
    }
}

/// What a payer is told of a transfer.
pub(crate) fn message(lang: Lang, told: &TransferTold) -> String {
    let money = told.money;
    let amount = Amount::new(money.amount.minor(), money.currency.code(), money.currency.exponent());
    let other = &told.other;
    match (told.what, lang) {
        (What::Sent, Lang::Zh) => format!("您已向 {other} 转账 {amount}，对方已收到。"),
        (What::Sent, Lang::En) => format!("You sent {amount} to {other}. They have it."),
        (What::Received, Lang::Zh) => format!("{other} 向您转账 {amount}，已存入余额。"),
        (What::Received, Lang::En) => format!("{other} sent you {amount}. It is in your balance."),
        (What::Offered, Lang::Zh) => {
            format!("您向 {other} 转账 {amount}，等待对方确认；24 小时内未确认将退回。")
        }
        (What::Offered, Lang::En) => {
            format!("You sent {amount} to {other}, who has 24 hours to accept it. Otherwise it comes back.")
        }
        (What::Waits, Lang::Zh) => format!("{other} 向您转账 {amount}，请在 24 小时内到钱包首页确认收款。"),
        (What::Waits, Lang::En) => {
            format!("{other} sent you {amount}. Accept it in your wallet within 24 hours.")
        }
        (What::WasAccepted, Lang::Zh) => format!("{other} 已确认收款 {amount}。"),
        (What::WasAccepted, Lang::En) => format!("{other} accepted your {amount}."),
        (What::Accepted, Lang::Zh) => format!("您已确认收款：{other} 转来的 {amount} 已存入余额。"),
        (What::Accepted, Lang::En) => format!("You accepted {amount} from {other}. It is in your balance."),
        (What::CameBack(reason), Lang::Zh) => {
            let why = match reason {
                ReturnReason::Withdrawn => "您已撤回",
                ReturnReason::Expired => "对方未在 24 小时内确认",
                ReturnReason::Declined => "对方已退回",
            };
            format!("转给 {other} 的 {amount} 已退回余额：{why}。")
        }
        (What::CameBack(reason), Lang::En) => {
            let why = match reason {
                ReturnReason::Withdrawn => "you took it back",
                ReturnReason::Expired => "it was not accepted within 24 hours",
                ReturnReason::Declined => "they sent it back",
            };
            format!("The {amount} for {other} is in your balance again: {why}.")
        }
        (What::WentBack(reason), Lang::Zh) => {
            let why = match reason {
                ReturnReason::Withdrawn => "对方已撤回",
                ReturnReason::Expired => "超过 24 小时未确认",
                ReturnReason::Declined => "您已退回",
            };
            format!("{other} 转来的 {amount} 已退还对方：{why}。")
        }
        (What::WentBack(reason), Lang::En) => {
            let why = match reason {
                ReturnReason::Withdrawn => "they took it back",
                ReturnReason::Expired => "it was not accepted within 24 hours",
                ReturnReason::Declined => "you sent it back",
            };
            format!("The {amount} from {other} went back to them: {why}.")
        }
    }
}

/// In how many seconds the payment code changes.
pub(crate) fn changes_in(lang: Lang, seconds: u64) -> String {
    match lang {
        Lang::Zh => format!("{} 后更新", duration(lang, seconds)),
        Lang::En => format!("Changes in {}", duration(lang, seconds)),
    }
}

/// What did not work, and what to do next.
pub(crate) fn notice(lang: Lang, notice: &SendNotice) -> (String, String) {
    match lang {
        Lang::Zh => chinese(notice),
        Lang::En => english(notice),
    }
}

fn chinese(notice: &SendNotice) -> (String, String) {
    let (title, next) = match notice {
        SendNotice::WrongPassword(tries) => {
            return ("支付密码不正确".into(), format!("还可以再试 {tries} 次，之后将暂时锁定。"));
        }
        SendNotice::PasswordLocked(until) => {
            return ("支付密码已锁定".into(), format!("请在 {} 之后再试。没有转出。", until.text()));
        }
        SendNotice::LimitReached(left) => {
            let next = format!("没有转出。本次最多还能转 {left}；可在安全中心查看限额，或提升实名等级。");
            return ("超过支付限额".into(), next);
        }
        SendNotice::CollectionLimit(left) => {
            let next = format!("没有付款。今天扫收款码最多还能付 {left}；可改用转账。");
            return ("超过收款码每日限额".into(), next);
        }
        SendNotice::MalformedPassword => ("支付密码是 6 位数字", "请重新输入。没有转出。"),
        SendNotice::PasskeyRefused => ("未能确认通行密钥", "没有转出。请重试，或输入支付密码。"),
        SendNotice::FormExpired => ("页面停留太久", "没有转出。请重新提交。"),
        SendNotice::Busy => ("系统繁忙", "没有转出。请稍后再试。"),
        SendNotice::BadPhone => ("手机号格式不正确", "请输入 11 位中国大陆手机号，或以 + 开头的国际号码。"),
        SendNotice::NoSuchPayee => ("没有找到这个账户", "请核对手机号；对方需要先在本平台注册。"),
        SendNotice::Yourself => ("不能转账给自己", "请输入对方的手机号。"),
        SendNotice::LookUpsUsedUp => ("今天查找收款人的次数已用完", "请明天再试，或从最近转过的人中选择。"),
        SendNotice::BadAmount => ("金额不正确", "请输入大于 0 的金额，最多两位小数。"),
        SendNotice::BadNote => ("备注不能使用", "最多 50 个字，不能包含换行等控制字符。"),
        SendNotice::WrongSurname => ("姓名不一致", "没有转出。请与对方核对；如果不认识对方，请不要转账。"),
        SendNotice::Blocked => ("现在不能转账", "没有转出。如有疑问请联系客服。"),
        SendNotice::PasskeyNeeded => ("请用通行密钥确认", "没有转出。可在安全中心添加通行密钥。"),
        SendNotice::BalanceInsufficient => ("余额不足", "没有转出。请充值，或减少金额。"),
        SendNotice::Frozen => ("账户已冻结", "没有转出。请到安全中心解冻，或联系客服。"),
        SendNotice::IdentityRequired => ("需要先实名认证", "没有转出。请到安全中心完成实名认证。"),
        SendNotice::AmountChanged => ("收款方改了金额", "没有付款。请按新的金额重新确认。"),
    };
    (title.into(), next.into())
}

fn english(notice: &SendNotice) -> (String, String) {
    let (title, next) = match notice {
        SendNotice::WrongPassword(tries) => {
            let noun = plural(u64::from(*tries), "try", "tries");
            return (
                "Wrong payment password".into(),
                format!("{tries} {noun} left before it locks for a while."),
            );
        }
        SendNotice::PasswordLocked(until) => {
            let next = format!("Try again after {}. Nothing was sent.", until.text());
            return ("Payment password locked".into(), next);
        }
        SendNotice::LimitReached(left) => {
            let next =
                format!("Nothing was sent. {left} more is allowed; the security centre shows your limits.");
            return ("Above your limit".into(), next);
        }
        SendNotice::CollectionLimit(left) => {
            let next = format!("Nothing was paid. Codes may take {left} more today; or make a transfer.");
            return ("Above the daily limit of collection codes".into(), next);
        }
        SendNotice::MalformedPassword => {
            ("The payment password is six digits", "Please enter it again. Nothing was sent.")
        }
        SendNotice::PasskeyRefused => {
            ("The passkey was not accepted", "Nothing was sent. Try again, or enter the payment password.")
        }
        SendNotice::FormExpired => {
            ("The page was open for too long", "Nothing was sent. Please submit again.")
        }
        SendNotice::Busy => ("Busy right now", "Nothing was sent. Try again shortly."),
        SendNotice::BadPhone => {
            ("This is not a phone number", "Enter 11 digits, or an international number starting with +.")
        }
        SendNotice::NoSuchPayee => {
            ("Nobody here has this number", "Check the number. They must have an account here.")
        }
        SendNotice::Yourself => ("This is you", "Enter the number of the person to send money to."),
        SendNotice::LookUpsUsedUp => (
            "No more numbers can be looked up today",
            "Try again tomorrow, or choose somebody you sent money to before.",
        ),
        SendNotice::BadAmount => ("This is not an amount", "Enter more than 0, with two decimals at most."),
        SendNotice::BadNote => ("This note cannot be used", "At most 50 characters, without line breaks."),
        SendNotice::WrongSurname => {
            ("The name does not match", "Nothing was sent. Ask them; if you do not know them, do not send.")
        }
        SendNotice::Blocked => {
            ("This cannot be sent now", "Nothing was sent. Ask customer service if you have questions.")
        }
        SendNotice::PasskeyNeeded => {
            ("Confirm with a passkey", "Nothing was sent. The security centre is where passkeys are added.")
        }
        SendNotice::BalanceInsufficient => ("Not enough balance", "Nothing was sent. Top up, or send less."),
        SendNotice::Frozen => {
            ("Your account is frozen", "Nothing was sent. Unfreeze it in the security centre, or contact us.")
        }
        SendNotice::IdentityRequired => {
            ("Your identity is not verified", "Nothing was sent. Verify it in the security centre first.")
        }
        SendNotice::AmountChanged => {
            ("The amount has changed", "Nothing was paid. Please confirm what is asked for now.")
        }
    };
    (title.into(), next.into())
}
