//! The words of the wallet.

texts! {
    /// What stands around every page, and the pages of the account.
    pub(crate) Text {
        Title: "通宝钱包", "Tongbao Wallet";
        Reading: "阅读选项", "Reading options";
        Home: "首页", "Home";
        Bills: "账单", "Bills";
        Messages: "消息", "Messages";
        NoMessages: "还没有消息。", "There are no messages yet.";
        OlderMessages: "更早的消息", "Older messages";
        Security: "安全中心", "Security";
        BackToSecurity: "返回安全中心", "Back to the security centre";
        SignInTitle: "登录或注册", "Sign in or sign up";
        EnterCode: "输入验证码", "Enter the code";
        Phone: "手机号", "Phone number";
        PhoneHint: "验证码将以短信发送到此号码；新号码将注册钱包。",
            "We send a code to this number by text message. A new number gets a new wallet.";
        SendCode: "获取验证码", "Send code";
        ResendCode: "重新获取验证码", "Send the code again";
        ChangePhone: "换个手机号", "Use another number";
        Code: "短信验证码", "Code from the text message";
        Continue: "继续", "Continue";
        SandboxInbox: "沙箱短信都在收件箱里，打开查看", "Sandbox messages arrive in the inbox; open it";
        ChoosePassword: "设置支付密码", "Choose a payment password";
        NewPassword: "新支付密码", "New payment password";
        NewPasswordHint: "6 位数字，不能全部相同，也不能是 123456 这样的连号。",
            "Six digits, not all equal and not a run such as 123456.";
        PasswordAgain: "再次输入", "The same again";
        CreateWallet: "开通钱包", "Open the wallet";
        SignedInAs: "当前账户", "Signed in as";
        SignOut: "退出登录", "Sign out";
        Identity: "实名认证", "Identity";
        Name: "真实姓名", "Full name";
        IdNumber: "身份证号", "ID number";
        IdNumberHint: "18 位公民身份号码。加密保存，只用于核实身份。",
            "18 characters. Kept encrypted, and used to verify who you are only.";
        Verify: "提交认证", "Verify";
        VerifyAgain: "提升认证等级", "Verify again for a higher class";
        AccountClass: "账户类别", "Account class";
        Limits: "支付限额", "Limits";
        InAll: "余额付款累计", "From the balance, in all";
        ThisYear: "今年余额付款", "From the balance this year";
        TodayTwoFactors: "今日余额付款（支付密码）", "Today, with the password";
        TodayFewerFactors: "今日余额付款（免密）", "Today, without the password";
        OwnPerPayment: "单笔限额（元）", "Most in one payment (yuan)";
        OwnPerDay: "单日限额（元）", "Most in one day (yuan)";
        OwnCountPerDay: "单日笔数限额", "Most payments in one day";
        TodayTwoFactorsCount: "今日余额付款笔数（支付密码）", "Payments today, with the password";
        TodayFewerFactorsCount: "今日余额付款笔数（免密）", "Payments today, without the password";
        OwnHint: "留空则不另设限额。", "Leave empty for no limit of your own.";
        OwnPasswordHint: "提高或取消限额时填写；降低限额不需要。",
            "For raising or removing a limit. Lowering one needs none.";
        SetLimits: "保存", "Save";
        Codes: "付款码", "Payment codes";
        SwitchOn: "在本机启用付款码", "Switch on on this device";
        SwitchOff: "在本机停用付款码", "Switch off on this device";
        Password: "支付密码", "Payment password";
        ChangePassword: "修改支付密码", "Change the payment password";
        OldPassword: "当前支付密码", "Current payment password";
        ForgotPassword: "忘记支付密码", "Forgot the payment password";
        ResetPassword: "重置支付密码", "Reset the payment password";
        Freeze: "账户冻结", "Freeze";
        FreezeNow: "立即冻结账户", "Freeze my account now";
        Unfreeze: "解除冻结", "Unfreeze";
        FrozenSince: "冻结时间", "Frozen since";
        Passkeys: "通行密钥", "Passkeys";
        Devices: "登录设备", "Devices";
        DevicesIntro: "您在这些设备上登录了钱包。移除后，该设备需重新登录。",
            "You are signed in on these devices. A device that you remove must sign in again.";
        UnknownDevice: "未知设备", "Unknown device";
        ThisDevice: "本机", "This device";
        RemoveDevice: "移除", "Remove";
        SignedIn: "登录时间", "Signed in";
        SeenOn: "最近使用", "Last used";
        Notices: "通知方式", "Notices";
        NewsBySms: "交易动态发短信", "News by text message";
        NewsByMail: "交易动态发邮件", "News by mail";
        InEnglish: "短信和邮件使用英文", "Text messages and mail in English";
        MailAddress: "邮箱", "Mail address";
        MailHint: "我们会向该地址发送验证码。", "We send a code to this address.";
        MailCode: "邮件验证码", "Code from the mail";
        AddMail: "绑定邮箱", "Add a mail address";
        ChangeMail: "更换邮箱", "Use another address";
        RemoveMail: "不再发送邮件", "Send no more mail";
        BackToNotices: "返回通知方式", "Back to notices";
        OwnData: "导出我的数据", "Download my data";
        Download: "下载", "Download";
        Closing: "注销账户", "Close my account";
        CloseNow: "确认注销", "Close the account";
    }
}

texts! {
    /// How things stand in the security centre, and what to know before a form.
    pub(crate) State {
        NotVerified: "未认证", "Not verified";
        PasswordSet: "已设置", "Set";
        Locked: "已锁定", "Locked";
        NotFrozen: "正常", "Not frozen";
        Frozen: "已冻结", "Frozen";
        NoLevelLimits: "本机构另有规定", "By the rules of this institution";
        OwnLimits: "已自设限额", "Your own limits";
        CodesOn: "本机已启用", "On on this device";
        CodesOff: "本机未启用", "Off on this device";
        CodesIntro: "付款码不超过 1,000 元无需支付密码即可付款，因此在本机启用时需要输入一次。重新登录后需再次启用。",
            "A payment code pays up to 1,000 yuan without the payment password, so this device asks for it once. After \
             the next sign-in it asks again.";
        CodesOnIntro: "本机可以展示付款码。停用后，再次展示需要支付密码。",
            "This device shows payment codes. Once they are off, showing one takes the payment password again.";
        SignUpIntro: "付款时用它确认。请勿与银行卡密码或生日相同。",
            "You confirm payments with it. Do not use a card's PIN or a birthday.";
        IdentityIntro: "认证后才能用余额付款。姓名和身份证号须与证件一致。",
            "You can pay from the balance once you are verified. Name and number must be those of your ID card.";
        IdentityDone: "身份已核实。再次认证可以提升账户类别。",
            "You are verified. Verify again to reach a higher class.";
        IdentityTop: "身份已核实，账户为最高类别。", "You are verified, at the highest class.";
        ResetNeedsIdentity: "重置支付密码需要先完成实名认证。请联系客服核实身份。",
            "A payment password is reset by proving who you are, and nobody has verified that yet. Please contact us.";
        ResetIntro: "先获取验证码，再填写实名信息和新密码。",
            "Ask for a code first, then tell us who you are and choose a new password.";
        FreezeIntro: "怀疑手机丢失或账户被盗时，请立即冻结：资金不会转出，仍可收款。解除冻结需要支付密码和短信验证码。",
            "If your phone is lost or somebody else may be in your account, freeze it at once: no money leaves it, \
             and you can still receive. To unfreeze it takes the payment password and a code.";
        UnfreezeIntro: "账户已冻结，资金不会转出。解除冻结请先获取验证码，再输入支付密码。",
            "The account is frozen: no money leaves it. To unfreeze it, ask for a code, then enter it with the \
             payment password.";
        NoticesIntro: "登录异常、大额付款和安全设置变更会随时以短信（和邮件）通知您，不能关闭。其他消息不在 22 点至次日 8 点发送，每天最多 20 条；钱包里总能看到全部消息。",
            "Unusual sign-ins, large payments and changes of your security settings are always sent by text message \
             (and mail), at any hour. Other news is not sent between 22:00 and 8:00, and 20 times a day at most. The \
             wallet shows everything.";
        NoMail: "未绑定", "None";
        MailIntro: "用于接收通知，不能用来登录或找回密码。",
            "For notices only: it neither signs in nor resets a password.";
        MailCodeIntro: "验证码已发送到您填写的邮箱，5 分钟内有效。",
            "We sent a code to the address you named. It is valid for 5 minutes.";
        MailUnavailable: "暂不支持邮件通知。", "Notices by mail are not offered here.";
        OwnDataIntro: "下载一个 JSON 文件，内含我们保存的关于您的全部数据：账户、实名、设备、银行卡、账单和消息。银行卡号只含后四位。每次下载都会通知您。",
            "You get one JSON file with everything we keep about you: account, identity, devices, cards, bills and \
             messages. Of card numbers it has the last four digits. You are told of each download.";
        ClosingIntro: "注销后将无法登录，手机号可重新注册。余额须为零，且没有进行中的转账、充值和提现。法律要求保存的交易与身份记录会加密保存至期满。注销不可撤销。",
            "You cannot sign in any more, and the phone number can open a new wallet. The balance must be zero, and \
             no transfer, top-up or withdrawal under way. Records of payments and identity that the law wants kept \
             stay, sealed. This cannot be undone.";
        ClosingCodeIntro: "请输入短信验证码和支付密码。确认后立即注销，不可撤销。",
            "Enter the code and the payment password. The account is closed at once, for good.";
        FrozenByOperator: "账户已由平台冻结，请联系客服。", "The account was frozen by us. Please contact us.";
    }
}
