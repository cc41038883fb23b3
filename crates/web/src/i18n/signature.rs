//! The words of the signature doctor. What each mistake is called stands beside the mistake, in `tongbao-channel`.

texts! {
    /// Fixed wordings of the page.
    pub(crate) Text {
        Title: "签名诊断", "Signature doctor";
        Intro: "微信支付接口的请求返回 SIGN_ERROR 时，在这里看平台用来验签的签名串，以及错在哪里。",
            "When a request of WeChat Pay's interface is answered with SIGN_ERROR: the string that the platform \
             verifies with, and what went wrong.";
        Verifies: "签名正确", "The signature fits";
        VerifiesHint: "平台会接受这个签名。nonce_str 只能用一次，时间戳五分钟内有效。",
            "The platform takes this signature. A nonce_str is good once, a timestamp for five minutes.";
        Fails: "签名不正确", "The signature does not fit";
        Undecided: "无法验签", "There is nothing to verify";
        PlatformBuilds: "平台构造的签名串", "The string that the platform builds";
        PlatformBuildsHint: "共五行，每行以 \\n 结束，最后一行也是。", "Five lines; each ends with \\n, the last one too.";
        Merchant: "商户号", "Merchant number";
        Serial: "验签所用证书序列号", "Certificate used to verify";
        OwnString: "您的签名串", "Your own string";
        OwnIsSigned: "签名正是对它做的。", "It is what was signed.";
        OwnIsNotSigned: "签名不是对它做的（或算法不是 SHA256withRSA）。",
            "It is not what was signed, or not with SHA256withRSA.";
        OwnIsEqual: "与平台的签名串完全相同。", "It equals the platform's string.";
        FirstDifference: "第一处差异", "First difference";
        Expected: "平台", "Platform";
        Found: "您的", "Yours";
        Refused: "最近被拒绝的请求", "Requests refused lately";
        RefusedHint: "服务端收到的原样，保存在内存中，最多 20 个。", "As they arrived; kept in memory, 20 at most.";
        RefusedEmpty: "还没有请求因签名被拒绝。", "No request has been refused for its signature.";
        Examine: "诊断", "Examine";
        Forgotten: "这个请求已经不在内存中了。请重新发送，或把它粘贴到下面。",
            "This request is forgotten. Send it again, or paste it below.";
        Paste: "粘贴一个请求", "Paste a request";
        Method: "请求方法", "Method";
        Url: "请求地址", "Address";
        UrlHint: "实际发送的路径和查询串，可以带域名", "Path and query as they were sent; the host may stay";
        Authorization: "Authorization 头", "Header Authorization";
        Body: "请求体", "Body";
        BodyHint: "没有则留空。含 CRLF 或不是 UTF-8 时，请从上面的列表选择。",
            "Empty if there is none. If it has CR LF or is not UTF-8, choose it from the list instead.";
        OwnHint: "您的程序签名前打印出的字符串；可选，用来比较。", "As your program prints it before signing; optional, to be compared.";
    }
}
