//! The words of the sandbox pages.

texts! {
    /// Fixed wordings of the sandbox pages.
    pub(crate) Text {
        BankTitle: "沙箱银行 · 持卡人确认", "Sandbox Bank · card holder";
        BankCard: "银行卡", "Card";
        BankAsks: "真实的银行会在这里核对您的身份，例如验证短信验证码。沙箱里按一下即可。",
            "A real bank would make sure here that it is you, by a code, say. In the sandbox a press does.";
        BankConfirm: "确认付款", "Confirm the payment";
        BankRefuse: "这不是我的付款", "This is not my payment";
        BankOver: "银行已收到答复，或这笔付款已经结束。", "The bank has its answer, or the payment is over.";
        BankBack: "返回收银台", "Back to the cashier";
        Sandbox: "沙箱", "Sandbox";
        NavStart: "开始", "Start";
        NavPhone: "手机", "Phone";
        NavInbox: "收件箱", "Inbox";
        NavNotifications: "通知", "Notifications";
        NavTimeline: "时间线", "Timeline";
        NavSignature: "签名诊断", "Signatures";
        NavDocs: "API 文档", "API docs";
        Clock: "沙箱时间", "Sandbox clock";
        ClockHint: "拨快时钟：过期、重试、结算立即发生", "Move the clock: expiry, retries and settlement happen at once";
        AdvanceMinute: "+1 分钟", "+1 min";
        AdvanceHour: "+1 小时", "+1 hour";
        AdvanceDay: "+1 天", "+1 day";
        RealTime: "与真实时间同步", "in step with real time";

        StartTitle: "您的沙箱已就绪", "Your sandbox is running";
        StartIntro: "这里有一个商户、几位测试付款人和一个会按要求出错的渠道。所有金额都是虚拟的，接口与正式环境相同。",
            "One merchant, a few test payers and a channel that misbehaves on request. All money is \
             imaginary; the API is the one used in production.";
        KeysIn: "密钥写在", "Your keys are in";
        Merchant: "商户", "Merchant";
        ApiBase: "接口地址", "API base";
        FirstSteps: "第一笔支付", "Your first payment";
        FirstStepsIntro: "粘贴到终端即可运行。", "Paste into a terminal.";
        Copy: "复制", "Copy";
        Copied: "已复制", "Copied";
        CommandCreate: "创建支付单", "Create a payment";
        CommandPay: "用测试付款人支付", "Pay it as a test payer";
        CommandRefund: "退款", "Refund it";
        CommandListen: "在本机接收通知", "Receive notifications on this machine";
        Payers: "测试付款人", "Test payers";
        OpenWallet: "打开付款人的钱包", "Open a payer's wallet";
        PayersHint: "用手机号登录收银台，验证码在收件箱。", "Sign in to the cashier with the phone number; the code is in the inbox.";
        PayersEmpty: "还没有付款人。重新启动沙箱会生成一组。", "No payers yet. Restarting the sandbox makes a set.";
        Phone: "手机号", "Phone";
        Password: "支付密码", "Password";
        Balance: "余额", "Balance";
        RecentPayments: "最近的支付单", "Recent payments";
        PaymentsEmpty: "还没有支付单。点“创建测试支付单”，或运行上面的第一条命令。",
            "No payments yet. Press “Create a test payment”, or run the first command above.";
        CreateTestPayment: "创建测试支付单", "Create a test payment";
        TestGoods: "测试商品", "Test goods";
        Payment: "支付单", "Payment";
        OrderNo: "订单号", "Order no.";
        Amount: "金额", "Amount";
        Status: "状态", "Status";
        CreatedAt: "创建时间", "Created";
        OpenCashier: "收银台", "Cashier";

        PhoneTitle: "手机", "Phone";
        PhoneIntro: "扮演付款人：扫码、付款，或让下一笔付款出错。", "Play the payer: scan, pay, or make the next payment fail.";
        Payer: "付款人", "Payer";
        ScanCode: "扫一扫", "Scan";
        ScanHint: "粘贴二维码内容、收银台地址或支付单号；微信支付的 code_url、prepay_id、h5_url，已被扫、待输密码的付款码，以及待收款转账的 package_info 也可以",
            "Paste the QR text, the cashier link or the payment id; of WeChat Pay's interface a code_url, \
             prepay_id or h5_url, a payment code that was scanned and waits for the password, or the \
             package_info of a transfer";
        PaymentCode: "付款码", "Payment code";
        PaymentCodeHint: "出示给商户扫。每分钟一换，只能用一次。", "Show it to a shop to scan. It changes every minute and works once.";
        ShowPaymentCode: "出示付款码", "Show payment code";
        Method: "付款方式", "Payment method";
        Pay: "付款", "Pay";
        PayThis: "付这笔", "Pay this";
        OpenPayments: "待付款", "Waiting to be paid";
        OpenPaymentsEmpty: "没有待付款的支付单。到“开始”页创建一笔。", "Nothing to pay. Create a payment on the Start page.";
        NextFault: "下一笔付款", "The next payment";
        FaultHint: "只影响下一笔，之后恢复正常。", "Affects one payment, then all is well again.";
        FaultSet: "设定", "Set";

        InboxTitle: "收件箱", "Inbox";
        InboxIntro: "沙箱不发送真实短信，所有短信都在这里。", "The sandbox sends no real text messages; they all arrive here.";
        InboxEmpty: "还没有消息。在收银台输入测试付款人的手机号并获取验证码，它会出现在这里。",
            "No messages yet. Enter a test payer's number on a cashier and ask for a code; it appears here.";
        To: "收件人", "To";
        Refresh: "刷新", "Refresh";

        NotificationsTitle: "通知", "Notifications";
        NotificationsIntro: "发给商户的每一次通知、每一次尝试，都可以查看和重发。",
            "Every notification to the merchant, every attempt; resend any of them.";
        NotificationsEmpty: "还没有通知。创建支付单时填写 notify_url，或登记一个通知地址，然后付款。",
            "Nothing sent yet. Give a payment a notify_url, or register a webhook endpoint, then pay.";
        Event: "事件", "Event";
        Target: "通知地址", "Target";
        Attempts: "投递", "Attempts";
        NextAttempt: "下次投递", "Next attempt";
        Resend: "重发", "Resend";
        Body: "请求体与投递记录", "Body and attempts";
        NoAttempt: "尚未投递", "Not tried yet";
        At: "时间", "At";
        Answer: "应答", "Answer";
        Took: "耗时", "Took";
        Older: "更早", "Older";
    }
}

texts! {
    /// What the sandbox's channel does to the next payment.
    pub Fault {
        /// Nothing: the payment goes through.
        Nothing: "正常", "Goes through";
        /// The channel declines.
        Declined: "被拒绝", "Is declined";
        /// The payer's balance is reported as too small.
        InsufficientBalance: "余额不足", "Finds too little balance";
        /// The result is unknown at first and arrives later.
        ResultLate: "结果迟到", "Gets its result late";
        /// The merchant is notified twice.
        DuplicateNotification: "通知重复", "Is notified twice";
        /// The merchant is first notified with a wrong signature, if the payment is an order of WeChat Pay's interface.
        SignatureProbe: "通知先带错误签名（微信支付接口）", "Is notified with a wrong signature first (WeChat Pay)";
    }
}

impl Fault {
    /// Every fault, in the order in which the page offers them.
    pub const EVERY: [Self; 6] = [
        Self::Nothing,
        Self::Declined,
        Self::InsufficientBalance,
        Self::ResultLate,
        Self::DuplicateNotification,
        Self::SignatureProbe,
    ];

    /// The value in the form field `fault`, and in `POST /sandbox/faults`.
    pub fn value(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Declined => "declined",
            Self::InsufficientBalance => "insufficient_balance",
            Self::ResultLate => "result_late",
            Self::DuplicateNotification => "duplicate_notification",
            Self::SignatureProbe => "signature_probe",
        }
    }
}

texts! {
    /// Where the delivery of a notification stands.
    pub DeliveryStatus {
        /// Ready to be sent.
        Due: "待发送", "Due";
        /// On its way; no answer yet.
        Sent: "发送中", "Sending";
        /// Failed, and will be tried again.
        Waiting: "等待重试", "Waiting to retry";
        /// Accepted by the merchant.
        Done: "已送达", "Delivered";
        /// Failed for the last time.
        GivenUp: "已放弃", "Given up";
    }
}

impl DeliveryStatus {
    /// The CSS class of the status dot.
    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Due | Self::Sent => "busy",
            Self::Waiting => "warn",
            Self::Done => "good",
            Self::GivenUp => "bad",
        }
    }
}

texts! {
    /// What the sandbox answers to a button.
    pub SandboxNotice {
        /// A test payment was created.
        Created: "已创建测试支付单。", "A test payment was created.";
        /// The payment was paid.
        Paid: "付款成功。", "Paid.";
        /// The payment is under way and its outcome is not known.
        Processing: "付款处理中，结果稍后到达。", "Under way; the result arrives later.";
        /// No payment has this code.
        UnknownCode: "没有找到这个码对应的支付单。请检查后重新粘贴。", "No payment has this code. Check it and paste again.";
        /// The payment is closed, expired or paid already.
        NotPayable: "这笔支付单已不能付款（已支付、已关闭或已过期）。", "This payment cannot be paid any more: it is paid, closed or expired.";
        /// The channel declined.
        Declined: "渠道拒绝了付款，没有扣款。", "The channel declined; nothing was charged.";
        /// The payer has too little.
        InsufficientBalance: "余额不足，没有扣款。换一位付款人试试。", "Too little balance; nothing was charged. Try another payer.";
        /// A limit or a rule refused it.
        Refused: "付款被规则拒绝，没有扣款。", "A rule refused the payment; nothing was charged.";
        /// The payer's payment code is on the screen.
        CodeShown: "付款码已出示。", "The payment code is shown.";
        /// The payer has used up the codes of this minute.
        CodesUsedUp: "这一分钟的付款码已用完，请下一分钟再试。", "The codes of this minute are used up; try in the next.";
        /// The payer accepted a transfer.
        TransferAccepted: "已收款。", "The transfer was accepted.";
        /// The transfer has gone back.
        TransferReturned: "这笔转账已退回，不能再收款。", "The transfer has gone back and cannot be accepted.";
        /// The next fault was set.
        FaultArmed: "已设定下一笔付款的结果。", "The outcome of the next payment is set.";
        /// The clock was moved.
        ClockMoved: "时钟已拨快。", "The clock was moved.";
        /// The notification was queued again.
        Resent: "已重新排队发送。", "Queued to be sent again.";
        /// The anti-forgery token did not match.
        FormExpired: "页面停留太久，请再点一次。", "The page was open for too long; press again.";
        /// Anything else.
        Failed: "没有成功，请稍后再试；详情见服务日志。", "That did not work. Try again; the server's log says why.";
    }
}

impl SandboxNotice {
    /// The CSS class of the banner.
    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Created
            | Self::Paid
            | Self::CodeShown
            | Self::TransferAccepted
            | Self::FaultArmed
            | Self::ClockMoved
            | Self::Resent => "good",
            Self::Processing => "busy",
            Self::UnknownCode
            | Self::NotPayable
            | Self::Declined
            | Self::InsufficientBalance
            | Self::Refused
            | Self::CodesUsedUp
            | Self::TransferReturned
            | Self::FormExpired
            | Self::Failed => "bad",
        }
    }
}
