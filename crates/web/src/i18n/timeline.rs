//! The words of a payment's timeline.

texts! {
    /// Fixed wordings of the page.
    pub(crate) Text {
        Title: "订单时间线", "Order timeline";
        Intro: "一笔订单的全部经过：请求与应答、状态变化、记账、事件与通知。",
            "Everything about one order: requests and answers, changes, postings, events and notifications.";
        Search: "订单", "Order";
        SearchHint: "支付单号、商户订单号、微信支付订单号，或退款单号", "Payment id, order number, transaction id, or refund number";
        Show: "查看", "Show";
        Unknown: "没有找到这个订单。", "There is no such order.";
        Payment: "支付单", "Payment";
        OrderNo: "商户订单号", "Order no.";
        TransactionId: "微信支付订单号", "Transaction id";
        Amount: "金额", "Amount";
        Status: "状态", "Status";
        OpenCashier: "收银台", "Cashier";
        AsJson: "以 JSON 查看", "As JSON";
        NotWhole: "变更日志太长，只读了一部分；之后的内容没有显示。",
            "The change log is long, and only part of it was read; what came later is missing.";
        Link: "时间线", "Timeline";
        Details: "详情", "Details";
    }
}

texts! {
    /// What sort of thing a line tells.
    pub LineKind {
        /// A request and its answer.
        Exchange: "请求", "Request";
        /// A line of the change log.
        Change: "变更", "Change";
        /// What risk control decided.
        Decision: "风控", "Risk";
        /// A line of the ledger.
        Posting: "记账", "Posting";
        /// An event.
        Event: "事件", "Event";
        /// An attempt to notify.
        Notification: "通知", "Notification";
    }
}

texts! {
    /// What can be unfolded.
    pub BlockName {
        /// Headers and body of a request.
        Asked: "请求", "Request";
        /// Headers and body of an answer.
        Answered: "应答", "Answer";
        /// What was sent to a receiver.
        Sent: "发出的通知", "Notification sent";
        /// What the platform signed.
        Signed: "平台的签名串", "What the platform signed";
        /// The records that a change wrote.
        Records: "写入的记录", "Records written";
    }
}
