//! The words of the cashier.

texts! {
    /// Fixed wordings of the cashier; sentences with numbers are in `phrase`.
    pub(crate) Text {
        Title: "通宝收银台", "Tongbao Cashier";
        TimeLeft: "剩余支付时间", "Time left";
        OrderNo: "订单号", "Order no.";
        Goods: "商品", "Description";
        Shop: "商家", "Shop";
        Method: "付款方式", "Payment method";
        Phone: "手机号", "Phone number";
        PhoneHint: "验证码将以短信发送到此号码。", "We send a code to this number by text message.";
        SendCode: "获取验证码", "Send code";
        Code: "短信验证码", "Code from the text message";
        ResendCode: "重新获取验证码", "Send the code again";
        ChangePhone: "换个手机号", "Use another number";
        SignIn: "登录并继续", "Sign in and continue";
        SandboxInbox: "沙箱短信都在收件箱里，打开查看", "Sandbox messages arrive in the inbox; open it";
        Payer: "付款账户", "Paying as";
        SwitchPayer: "切换账户", "Switch account";
        Balance: "余额", "Balance";
        Password: "支付密码", "Payment password";
        PasswordHint: "6 位数字", "6 digits";
        NoMethod: "目前没有可用的付款方式。", "No payment method can be used right now.";
        ProcessingTitle: "正在向银行确认结果", "We are asking the bank";
        ProcessingBody: "通常只需几秒。请不要重复付款；关闭此页也不会影响结果。",
            "This usually takes seconds. Please do not pay again; closing this page changes nothing.";
        ReviewingTitle: "这笔付款需要人工确认", "This payment is being looked at";
        ReviewingBody: "钱没有付出。通常两小时内有结果；请不要重复付款，关闭此页也不会影响结果。",
            "Nothing has been paid yet. There is a result within two hours; please do not pay again.";
        ProcessingLive: "结果一到，本页自动更新", "This page changes as soon as the answer arrives";
        ProcessingOffline: "网络断开，正在重试", "No connection, trying again";
        Refresh: "刷新", "Refresh";
        ProveTitle: "再确认一次", "Confirm once more";
        ProveSafety: "这笔付款需要再次确认。验证码只用于这笔付款，请勿告诉任何人。",
            "This payment needs a second proof. The code is for this payment only; tell it to nobody.";
        OtherWay: "换个付款方式", "Pay another way";
        AskedByBankTitle: "请到银行页面确认", "Your bank asks you to confirm";
        AskedByBankBody: "发卡银行需要持卡人本人确认这笔付款。确认后会自动回到本页。",
            "The bank of your card wants its holder to confirm this payment. You come back here afterwards.";
        GoToBank: "前往银行页面", "Go to the bank's page";
        Succeeded: "支付成功", "Payment complete";
        SucceededBody: "商家将收到支付结果通知。", "The shop is being told.";
        PaidAt: "支付时间", "Paid at";
        Expired: "订单已过期", "This payment has expired";
        ExpiredBody: "支付时间已过。请回到商家重新下单；如果银行已经扣款，会自动退回。",
            "The time to pay is over. Please order again in the shop. Should your bank have charged you, \
             the money comes back by itself.";
        Closed: "订单已关闭", "This payment is closed";
        ClosedBody: "商家已关闭此订单。如需购买，请重新下单；如果银行已经扣款，会自动退回。",
            "The shop closed it. Please order again if you still want it. Should your bank have charged you, \
             the money comes back by itself.";
        Refunded: "已全额退款", "Refunded in full";
        PartlyRefunded: "已部分退款", "Partly refunded";
        RefundedBody: "退款已退回原付款账户。", "The money went back to the account that paid.";
        RefundedAmount: "退款金额", "Amount refunded";
        BackToShop: "返回商家", "Return to the shop";
        ScanTitle: "手机扫码支付", "Scan to pay by phone";
        ScanBody: "用手机相机扫码，在手机上完成支付", "Scan with your phone's camera and pay there";
        QrLabel: "此收银台的二维码", "QR code of this cashier";
        Safety: "支付密码只在本页输入，任何人都不会向您索要。",
            "Enter your payment password only on this page. Nobody will ever ask you for it.";
    }
}
