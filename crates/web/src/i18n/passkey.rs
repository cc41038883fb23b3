//! The words of passkeys.

texts! {
    /// Passkeys in the security centre, and beside the payment password.
    pub(crate) Text {
        Title: "通行密钥", "Passkeys";
        Intro: "用本机的指纹、面容或锁屏密码登录，并代替支付密码确认付款。密钥由您的设备保管，我们没有。",
            "Sign in with the fingerprint, face or screen lock of your device, and confirm payments with it in \
             the place of the payment password. Your device keeps the key; we do not have it.";
        Added: "添加时间", "Added";
        UsedOn: "最近使用", "Last used";
        NeverUsed: "从未使用", "never";
        Remove: "移除", "Remove";
        AddTitle: "添加通行密钥", "Add a passkey";
        CodeFirst: "添加通行密钥需要支付密码和短信验证码。请先获取验证码。",
            "Adding a passkey takes the payment password and a code from a text message. Ask for the code first.";
        Name: "名称", "Name";
        NameHint: "便于日后辨认，最多 30 个字。", "So that you know it later; 30 characters at most.";
        Password: "支付密码", "Payment password";
        Add: "添加", "Add";
        NeedsScript: "添加通行密钥需要启用 JavaScript。", "Adding a passkey needs JavaScript to be switched on.";
        Full: "通行密钥已有 10 个。请先移除不用的。", "You have 10 passkeys. Remove one that you do not use.";
        AtAddress: "本站通过 IP 地址访问，而通行密钥只属于域名，因此无法添加。请使用支付密码。",
            "This site is reached at an IP address, and a passkey belongs to a domain name. So none can be added here; \
             use the payment password.";
        WithoutTls: "本站未使用 HTTPS，浏览器不提供通行密钥，因此无法添加。请使用支付密码。",
            "This site is reached without HTTPS, and browsers offer no passkeys there. So none can be added here; use \
             the payment password.";
        Use: "使用通行密钥", "Use a passkey";
        Wait: "请按设备提示操作……", "Follow what your device says …";
        NotUsed: "未使用通行密钥。请重试，或输入支付密码。",
            "The passkey was not used. Try again, or enter the payment password.";
        SignIn: "使用通行密钥登录", "Sign in with a passkey";
        NotSignedIn: "未使用通行密钥。请重试，或用验证码登录。",
            "The passkey was not used. Try again, or sign in by a code.";
        NotMade: "未能添加通行密钥：已取消、超时，或设备不支持。请重试。",
            "No passkey was added: it was cancelled, took too long, or the device cannot. Try again.";
    }
}
