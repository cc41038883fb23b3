//! Words that several pages share.

texts! {
    /// Words that several pages share.
    pub(crate) Text {
        Brand: "通宝", "Tongbao";
        OtherLanguage: "English", "中文";
        Larger: "大字版", "Larger text";
        NormalSize: "标准字号", "Normal text";
        SandboxBanner: "沙箱环境：不会动用真实资金", "Sandbox: no real money moves";
        SkipToContent: "跳到正文", "Skip to content";
    }
}

texts! {
    /// Where a payment stands, as the merchant sees it.
    pub PaymentStatus {
        /// Waiting for a payer.
        Open: "待支付", "Open";
        /// An attempt is under way and its outcome is not known.
        Processing: "处理中", "Processing";
        /// Paid.
        Succeeded: "已支付", "Succeeded";
        /// Paid, and some of it given back.
        PartlyRefunded: "部分退款", "Partly refunded";
        /// Paid, and all of it given back.
        Refunded: "已退款", "Refunded";
        /// Closed or expired without being paid.
        Closed: "已关闭", "Closed";
    }
}

impl PaymentStatus {
    /// The CSS class of the status dot.
    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Open => "warn",
            Self::Processing => "busy",
            Self::Succeeded => "good",
            Self::PartlyRefunded | Self::Refunded | Self::Closed => "idle",
        }
    }
}

texts! {
    /// How the payer pays; the platform's names for them.
    pub MethodName {
        /// Money in the payer's account on this platform.
        Balance: "余额", "Balance";
        /// The bank of the sandbox.
        SandboxBank: "沙箱银行", "Sandbox bank";
        /// A bank card bound to the payer's account.
        BankCard: "银行卡", "Bank card";
        /// WeChat Pay.
        WeChatPay: "微信支付", "WeChat Pay";
        /// Alipay.
        Alipay: "支付宝", "Alipay";
        /// An international payment card.
        InternationalCard: "国际卡", "International card";
        /// The e-CNY of the People's Bank of China.
        DigitalYuan: "数字人民币", "Digital yuan (e-CNY)";
    }
}

texts! {
    /// Why a payment method cannot be chosen now.
    pub WhyNot {
        /// The account holds less than the amount.
        InsufficientBalance: "余额不足", "Not enough balance";
        /// The amount is above this method's limit.
        AboveLimit: "超过此方式的限额", "Above the limit of this method";
        /// The channel is known to be down.
        Maintenance: "维护中，请稍后再试", "Under maintenance, try later";
        /// The merchant did not enable it, or it does not take this currency.
        NotForThisOrder: "此订单不支持", "Not available for this order";
        /// The payer's account is frozen.
        AccountFrozen: "账户已冻结", "Account frozen";
    }
}
