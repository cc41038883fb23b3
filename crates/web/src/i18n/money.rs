//! The words of cards, top-up and withdrawal.

use tongbao_core::{bank::BankTold, payment::Failure};
use tongbao_money::Money;

use super::Lang;
use crate::{amount::Amount, moment::Moment, wallet::money::MoneyNotice};

texts! {
    /// The words of these pages.
    pub(crate) Text {
        Cards: "银行卡", "Bank cards";
        NoCards: "还没有绑定银行卡。", "No card is bound yet.";
        Bind: "绑定银行卡", "Bind a card";
        CardsFull: "最多可绑定 10 张银行卡。", "You can have 10 cards at most.";
        Debit: "储蓄卡", "Debit card";
        Credit: "信用卡", "Credit card";
        Default: "默认", "Default";
        Off: "已停用", "Switched off";
        MakeDefault: "设为默认", "Make default";
        Earlier: "上移", "Move up";
        Disable: "停用", "Switch off";
        Enable: "启用", "Switch on";
        Unbind: "解绑", "Unbind";
        UnbindSure: "解绑后需重新验证才能使用。确定解绑？", "To use it again you will have to bind it again. Unbind it?";
        CardNumber: "卡号", "Card number";
        CardNumberHint: "卡片正面的 12 至 19 位数字", "12 to 19 digits on the card's face";
        Name: "姓名", "Name";
        IdNumber: "身份证号", "ID number";
        Phone: "银行预留手机号", "Phone number your bank knows";
        Identity: "持卡人", "Card holder";
        BindHint: "我们会请发卡银行核对以上信息，不会扣款。卡号加密保存，仅用于付款、充值和提现。",
            "We ask your bank whether these belong together; nothing is charged. The number is kept encrypted, for \
             paying, topping up and withdrawing only.";
        TestCards: "沙箱测试卡", "Test cards of the sandbox";
        TestPerson: "姓名可任意填写；身份证号可用 11010119900307889X，手机号可用 13800000000。",
            "Any name will do; as ID number take 11010119900307889X, as phone number 13800000000.";
        TopUp: "充值", "Top up";
        Withdraw: "提现", "Withdraw";
        Balance: "余额", "Balance";
        From: "付款卡", "From";
        To: "到账卡", "To";
        Amount: "金额（元）", "Amount (yuan)";
        Password: "支付密码", "Payment password";
        PasswordHint: "6 位数字", "6 digits";
        NoDebit: "需要一张可用的储蓄卡。", "You need a debit card that can be used.";
        When: "到账时间", "When it arrives";
        Today: "尽快到账", "As soon as possible";
        TodayHint: "银行处理，通常几分钟内", "Usually within minutes";
        Tomorrow: "次日到账", "Tomorrow";
        TomorrowHint: "次日零点后由银行处理", "The bank is asked after midnight";
        FreeLeft: "剩余免费额度", "Free of charge";
        FeeRule: "超出免费额度的部分收取 0.1%，最低 0.10 元。", "Beyond that 0.1 %, at least ¥0.10.";
        Next: "下一步", "Next";
        ConfirmWithdrawal: "确认提现", "Confirm the withdrawal";
        Fee: "手续费", "Fee";
        Total: "从余额扣除", "Taken from the balance";
        ChangeIt: "修改", "Change it";
        Asking: "正在向银行确认结果", "We are asking the bank";
        AskingBody: "通常只需几秒。请不要重复操作；关闭此页也不会影响结果。",
            "This usually takes seconds. Please do not do it again; closing this page changes nothing.";
        PlannedTomorrow: "已提交，次日处理", "Taken; the bank is asked tomorrow";
        ToppedUp: "充值成功", "Topped up";
        TopUpFailed: "充值失败", "The top-up failed";
        NothingTaken: "银行卡没有扣款。", "Nothing was taken from the card.";
        Withdrawn: "提现成功", "Withdrawn";
        WithdrawalFailed: "提现失败", "The withdrawal failed";
        WithdrawalBounced: "提现被银行退回", "Your bank sent the withdrawal back";
        MoneyBack: "金额与手续费已退回余额。", "Amount and fee are back in your balance.";
        CheckCard: "请核对银行卡后重试，或换一张卡。", "Check the card and try again, or use another.";
        Card: "银行卡", "Card";
        Time: "时间", "Time";
        Number: "单号", "Number";
        BackHome: "返回钱包", "Back to the wallet";
        Again: "再试一次", "Try again";
        TestWell: "一切正常", "all goes well";
        TestCredit: "信用卡", "credit";
        TestInsufficient: "余额不足", "too little money";
        TestExpired: "已过期", "no longer valid";
        TestDeclined: "银行拒绝", "declined";
        TestLateSuccess: "超时后成功", "late, then good";
        TestLateFailure: "超时后失败", "late, then bad";
        TestBounces: "提现一天后被退回", "withdrawals come back after a day";
        TestLateReversal: "退款延迟", "refunds are late";
        TestOfAnother: "四要素不符", "somebody else's";
        TestNoAnswer: "银行无应答", "no answer to the check";
        TestConfirms: "付款需到银行页面确认（3-D Secure）", "payments are confirmed on the bank's page (3-D Secure)";
        TestConfirmsLate: "信用卡，确认后结果延迟", "credit; confirmed there, and the result is late";
        SecurityCode: "卡背面后三位（仅信用卡）", "Last 3 digits on the back (credit cards only)";
        TestSecurityCode: "测试信用卡的后三位是 123，其他数字都不正确。",
            "The last 3 digits of the credit cards are 123; any others are wrong.";
    }
}

/// Why nothing moved: what the bank said, or that it was not asked because the account was frozen.
pub(crate) fn failure(lang: Lang, failure: Option<Failure>) -> &'static str {
    match (failure, lang) {
        (Some(Failure::InsufficientBalance), Lang::Zh) => "银行卡余额不足。",
        (Some(Failure::InsufficientBalance), Lang::En) => "There is too little money on the card.",
        (Some(Failure::CardExpired), Lang::Zh) => "银行卡已过有效期。",
        (Some(Failure::CardExpired), Lang::En) => "The card is no longer valid.",
        (Some(Failure::Declined | Failure::WrongAmount), Lang::Zh) => "银行拒绝了这笔交易。",
        (Some(Failure::Declined | Failure::WrongAmount), Lang::En) => "The bank said no.",
        (Some(Failure::Blocked), Lang::Zh) => "这笔交易未能通过核对。",
        (Some(Failure::Blocked), Lang::En) => "This could not be confirmed.",
        (Some(Failure::NotConfirmed), Lang::Zh) => "银行未收到持卡人的确认。",
        (Some(Failure::NotConfirmed), Lang::En) => "The bank was not told by the card's holder to pay.",
        (None, Lang::Zh) => "账户已冻结。",
        (None, Lang::En) => "The account was frozen.",
    }
}

/// Money as a payer reads it.
pub(crate) fn text(money: Money) -> Amount {
    Amount::new(money.amount.minor(), money.currency.code(), money.currency.exponent())
}

/// What a message says of cards and money.
pub(crate) fn told(lang: Lang, told: &BankTold) -> String {
    match (told, lang) {
        (BankTold::CardBound { card }, Lang::Zh) => {
            format!("您已绑定银行卡：{card}。如非本人操作，请立即在安全中心冻结账户。")
        }
        (BankTold::CardBound { card }, Lang::En) => {
            format!(
                "You bound a card: {card}. If it was not you, freeze the account in the security centre now."
            )
        }
        (BankTold::ToppedUp { money }, Lang::Zh) => format!("充值成功，{} 已到余额。", text(*money)),
        (BankTold::ToppedUp { money }, Lang::En) => {
            format!("Topped up: {} is in your balance.", text(*money))
        }
        (BankTold::TopUpFailed { money, failure: why }, Lang::Zh) => {
            format!("充值 {} 失败：{}没有扣款。", text(*money), failure(lang, *why))
        }
        (BankTold::TopUpFailed { money, failure: why }, Lang::En) => {
            format!("Topping up {} failed. {} Nothing was charged.", text(*money), failure(lang, *why))
        }
        (BankTold::Withdrawn { money }, Lang::Zh) => format!("提现成功，{} 已由银行付出。", text(*money)),
        (BankTold::Withdrawn { money }, Lang::En) => format!("Withdrawn: your bank has {}.", text(*money)),
        (BankTold::WithdrawalFailed { money, failure: why }, Lang::Zh) => {
            format!("提现 {} 失败：{}金额与手续费已退回余额。", text(*money), failure(lang, *why))
        }
        (BankTold::WithdrawalFailed { money, failure: why }, Lang::En) => format!(
            "Withdrawing {} failed. {} Amount and fee are back in your balance.",
            text(*money),
            failure(lang, *why)
        ),
        (BankTold::WithdrawalBounced { money }, Lang::Zh) => {
            format!("提现 {} 被银行退回，金额与手续费已退回余额。请核对银行卡。", text(*money))
        }
        (BankTold::WithdrawalBounced { money }, Lang::En) => format!(
            "Your bank sent {} back. Amount and fee are back in your balance. Check the card.",
            text(*money)
        ),
    }
}

/// A notice: what happened, and what to do next.
pub(crate) fn notice(lang: Lang, told: &MoneyNotice) -> (String, String) {
    match lang {
        Lang::Zh => chinese(told),
        Lang::En => english(told),
    }
}

fn until(ms: i64) -> String {
    Moment::from_unix_ms(ms).text()
}

fn chinese(told: &MoneyNotice) -> (String, String) {
    let (title, next): (&str, &str) = match told {
        MoneyNotice::WrongPassword(left) => {
            return ("支付密码不正确".into(), format!("还可以再试 {left} 次，之后将暂时锁定。"));
        }
        MoneyNotice::PasswordLocked(at) => {
            return ("支付密码已锁定".into(), format!("请在 {} 之后再试。", until(*at)));
        }
        MoneyNotice::TooManyChecks(at) => {
            return ("验证次数过多".into(), format!("请在 {} 之后再绑卡。", until(*at)));
        }
        MoneyNotice::MalformedPassword => ("支付密码是 6 位数字", "请重新输入。"),
        MoneyNotice::PasskeyRefused => ("未能确认通行密钥", "什么都没有发生。请重试，或输入支付密码。"),
        MoneyNotice::FormExpired => ("页面停留太久", "什么都没有发生。请重新提交。"),
        MoneyNotice::Busy => ("系统繁忙", "什么都没有发生。请稍后再试。"),
        MoneyNotice::Frozen => ("账户已冻结", "请先在安全中心解除冻结。"),
        MoneyNotice::BadCardNumber => ("卡号不正确", "请对照卡片正面重新输入。"),
        MoneyNotice::BadName => ("姓名不正确", "请输入持卡人的姓名。"),
        MoneyNotice::BadIdNumber => ("身份证号不正确", "请输入 18 位身份证号。"),
        MoneyNotice::BadPhone => ("手机号格式不正确", "请输入银行预留的手机号。"),
        MoneyNotice::CardWrong => ("银行核对未通过", "请核对卡号、姓名、身份证号和银行预留手机号。"),
        MoneyNotice::SecurityCodeNeeded => ("这是一张信用卡", "请填写卡背面的后三位数字后再次提交。"),
        MoneyNotice::WrongSecurityCode => ("卡背面后三位不正确", "卡片尚未绑定。请核对后重新提交。"),
        MoneyNotice::CardUnknown => ("银行没有应答", "卡片尚未绑定。请稍后再试。"),
        MoneyNotice::TooManyCards => ("银行卡数量已满", "请先解绑一张。"),
        MoneyNotice::CardBound => ("银行卡已绑定", ""),
        MoneyNotice::CardUnbound => ("银行卡已解绑", ""),
        MoneyNotice::BadAmount => ("金额不正确", "请输入 0.01 至 50,000 元的金额，最多两位小数。"),
        MoneyNotice::CardUnusable => ("此卡不可用", "请另选一张储蓄卡。"),
        MoneyNotice::Blocked => ("现在不能办理", "钱没有动。如有疑问请联系客服。"),
        MoneyNotice::PasskeyNeeded => ("请用通行密钥确认", "钱没有动。可在安全中心添加通行密钥。"),
        MoneyNotice::BalanceInsufficient => ("余额不足", "金额加手续费超过余额。请减少金额。"),
        MoneyNotice::FeeChanged => ("手续费已变化", "请核对新的手续费后再确认。"),
        MoneyNotice::IdentityRequired => ("请先完成实名认证", "在安全中心完成认证后再操作。"),
        MoneyNotice::LimitReached => ("超过账户限额", "请减少金额，或在安全中心提升账户级别。"),
    };
    (title.into(), next.into())
}

fn english(told: &MoneyNotice) -> (String, String) {
    let (title, next): (&str, &str) = match told {
        MoneyNotice::WrongPassword(left) => {
            let tries = super::phrase::plural(u64::from(*left), "try", "tries");
            return (
                "Wrong payment password".into(),
                format!("{left} {tries} left before it locks for a while."),
            );
        }
        MoneyNotice::PasswordLocked(at) => {
            return ("Payment password locked".into(), format!("Try again after {}.", until(*at)));
        }
        MoneyNotice::TooManyChecks(at) => {
            return ("Too many checks".into(), format!("Bind a card after {}.", until(*at)));
        }
        MoneyNotice::MalformedPassword => ("The payment password is six digits", "Please enter it again."),
        MoneyNotice::PasskeyRefused => {
            ("The passkey was not accepted", "Nothing happened. Try again, or enter the payment password.")
        }
        MoneyNotice::FormExpired => {
            ("The page was open for too long", "Nothing happened. Please submit again.")
        }
        MoneyNotice::Busy => ("Busy right now", "Nothing happened. Try again shortly."),
        MoneyNotice::Frozen => ("The account is frozen", "Unfreeze it in the security centre first."),
        MoneyNotice::BadCardNumber => ("This is not a card number", "Compare it with the card's face."),
        MoneyNotice::BadName => ("This is not a name", "Enter the name of the card's holder."),
        MoneyNotice::BadIdNumber => ("This is not an ID number", "Enter all 18 characters."),
        MoneyNotice::BadPhone => ("This is not a phone number", "Enter the one that your bank knows."),
        MoneyNotice::CardWrong => (
            "Your bank did not confirm it",
            "Check card number, name, ID number and the phone number it knows.",
        ),
        MoneyNotice::SecurityCodeNeeded => {
            ("This is a credit card", "Enter the last 3 digits on its back as well, and send the form again.")
        }
        MoneyNotice::WrongSecurityCode => (
            "The digits from the back are wrong",
            "The card was not bound. Check them and send the form again.",
        ),
        MoneyNotice::CardUnknown => {
            ("Your bank did not answer", "The card is not bound yet. Try again later.")
        }
        MoneyNotice::TooManyCards => ("You have as many cards as you can", "Unbind one first."),
        MoneyNotice::CardBound => ("The card is bound", ""),
        MoneyNotice::CardUnbound => ("The card is unbound", ""),
        MoneyNotice::BadAmount => {
            ("This is not an amount", "From 0.01 to 50,000 yuan, with two decimals at most.")
        }
        MoneyNotice::CardUnusable => ("This card cannot be used", "Choose another debit card."),
        MoneyNotice::Blocked => {
            ("This cannot be done now", "No money has moved. Ask customer service if you have questions.")
        }
        MoneyNotice::PasskeyNeeded => {
            ("Confirm with a passkey", "No money has moved. The security centre is where passkeys are added.")
        }
        MoneyNotice::BalanceInsufficient => {
            ("Not enough balance", "Amount and fee are more than you have. Withdraw less.")
        }
        MoneyNotice::FeeChanged => ("The fee has changed", "Look at the new fee and confirm again."),
        MoneyNotice::IdentityRequired => {
            ("Verify who you are first", "The security centre is the place for it.")
        }
        MoneyNotice::LimitReached => (
            "Above a limit of your account",
            "Take less, or raise the class of your account in the security centre.",
        ),
    };
    (title.into(), next.into())
}
