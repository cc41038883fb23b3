//! The mistakes, each with a code that stays and with what to do about it, in Chinese and English.

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which mistake.
    pub mistake: Mistake,
    /// What it is about: the name of an item, a serial number, a number of seconds. Never a secret.
    pub about: Option<String>,
}

impl Finding {
    /// A mistake that says all.
    pub const fn of(mistake: Mistake) -> Finding {
        Finding { mistake, about: None }
    }

    /// A mistake and what it is about.
    pub fn about(mistake: Mistake, about: &str) -> Finding {
        Finding { mistake, about: Some(about.to_owned()) }
    }
}

macro_rules! mistakes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $chinese:literal, $english:literal;)*) => {
        /// What can go wrong with a signature.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Mistake { $($(#[$doc])* $name),* }

        impl Mistake {
            /// All of them.
            pub const ALL: &[Mistake] = &[$(Mistake::$name),*];

            /// The name that programs switch on.
            pub const fn code(self) -> &'static str {
                match self { $(Mistake::$name => $code),* }
            }

            /// What is wrong and what to do, in Chinese.
            pub const fn chinese(self) -> &'static str {
                match self { $(Mistake::$name => $chinese),* }
            }

            /// What is wrong and what to do, in English.
            pub const fn english(self) -> &'static str {
                match self { $(Mistake::$name => $english),* }
            }
        }
    };
}

mistakes! {
    /// There is no `Authorization`.
    HeaderMissing = "header_missing",
        "请求没有 Authorization 头。请在每个请求中带上它；若已设置，检查代理或 HTTP 客户端是否将其去掉。",
        "The request has no Authorization header. Send one with each request; if you do, see whether a proxy \
         or the HTTP client drops it.";
    /// There are several.
    HeaderRepeated = "header_repeated",
        "请求有多个 Authorization 头。只保留一个；检查 HTTP 客户端是否又加了自己的认证。",
        "The request has more than one Authorization header. Keep one; see whether the HTTP client adds its \
         own.";
    /// It is longer than any can be.
    HeaderTooLong = "header_too_long",
        "Authorization 头过长。它只含五项，约 600 字节；检查是否拼入了请求体。",
        "The Authorization header is too long. It has five items, about 600 bytes; see whether a body got into \
         it.";
    /// It does not begin with a scheme.
    SchemeMissing = "scheme_missing",
        "Authorization 缺少认证类型。以“WECHATPAY2-SHA256-RSA2048”加一个空格开头。",
        "Authorization has no scheme. Begin it with `WECHATPAY2-SHA256-RSA2048` and one blank.";
    /// It has another scheme.
    SchemeUnknown = "scheme_unknown",
        "认证类型不是 WECHATPAY2-SHA256-RSA2048。这里不支持国密，也不支持 Bearer。",
        "The scheme is not `WECHATPAY2-SHA256-RSA2048`. Neither the national algorithms nor Bearer are served \
         here.";
    /// An item is missing.
    ItemMissing = "item_missing",
        "Authorization 缺少这一项。五项是 mchid、nonce_str、timestamp、serial_no、signature。",
        "Authorization lacks this item. The five are mchid, nonce_str, timestamp, serial_no and signature.";
    /// An item is there twice.
    ItemRepeated = "item_repeated",
        "Authorization 中这一项出现了两次。每项只写一次。",
        "Authorization has this item twice. Write each once.";
    /// An item that there is not.
    ItemUnknown = "item_unknown",
        "Authorization 中有未知的项。名称应为 mchid、nonce_str、timestamp、serial_no、signature（注意大小写与下划线）。",
        "Authorization has an item that is not known. The names are mchid, nonce_str, timestamp, serial_no and \
         signature; mind the case and the underscores.";
    /// A value without quotes.
    ItemNotQuoted = "item_not_quoted",
        "这一项的值没有用双引号括起来。写成 名称=\"值\"，各项之间用逗号分隔。",
        "The value of this item is not in double quotes. Write name=\"value\", with commas between the items.";
    /// Something else is wrong with its form.
    HeaderFormat = "header_format",
        "Authorization 的格式不对：认证类型后只能有一个空格；值只能是可见 ASCII 字符；nonce_str 为 1 至 64 个字符；timestamp 为 10 位以内的秒数。",
        "The form of Authorization is wrong: one blank after the scheme, visible ASCII in the values, a \
         nonce_str of 1 to 64 characters, a timestamp in seconds of at most 10 digits.";
    /// The timestamp is in milliseconds.
    TimestampMilliseconds = "timestamp_milliseconds",
        "timestamp 是毫秒。改为秒（10 位），签名串和 Authorization 用同一个值。",
        "The timestamp is in milliseconds. Use seconds (10 digits), the same in the string to sign and in \
         Authorization.";
    /// The clock is off.
    ClockSkew = "clock_skew",
        "timestamp 与服务器时间相差超过 5 分钟（差值见详情，单位秒；粘贴旧请求时可忽略）。同步时钟；每次发送（包括重试）都重新签名。",
        "The timestamp is more than 5 minutes from the server's clock (by so many seconds; ignore it for an \
         old request that was pasted). Set the clock, and sign anew for every sending, retries too.";
    /// A nonce was used again.
    NonceUsed = "nonce_used",
        "签名正确，但 nonce_str 已被用过。每个请求（包括重试）生成新的随机串并重新签名。",
        "The signature is right, but the nonce_str was used before. Draw a new one and sign anew for each \
         request, retries too.";
    /// The merchant number is not known.
    MerchantUnknown = "merchant_unknown",
        "没有这个商户号。使用 sandbox.json 中 wechat.mchid 的值。",
        "There is no such merchant number. Use `wechat.mchid` of sandbox.json.";
    /// The serial number is written in decimal digits.
    SerialDecimal = "serial_decimal",
        "serial_no 是十进制。改为 40 位十六进制，如 openssl x509 -serial 所示。",
        "serial_no is in decimal digits. Write it in hexadecimal, as `openssl x509 -serial` prints it.";
    /// The serial number is a platform certificate's.
    SerialOfPlatform = "serial_of_platform",
        "serial_no 是平台证书（或微信支付公钥）的编号。Authorization 中要写商户 API 证书 apiclient_cert.pem 的序列号。",
        "serial_no names a platform certificate or the public key. Authorization wants the serial number of \
         your own certificate, apiclient_cert.pem.";
    /// The serial number is another merchant's.
    SerialOfOtherMerchant = "serial_of_other_merchant",
        "serial_no 属于另一个商户。mchid、serial_no 和私钥必须属于同一商户。",
        "serial_no belongs to another merchant. mchid, serial_no and the private key must be of one merchant.";
    /// The serial number is nobody's.
    SerialUnknown = "serial_unknown",
        "没有这个证书序列号。它应来自商户 API 证书：openssl x509 -in apiclient_cert.pem -noout -serial。",
        "No certificate has this serial number. Take it from your own: `openssl x509 -in apiclient_cert.pem \
         -noout -serial`.";
    /// The certificate was revoked, or it is not its time.
    CertificateUnusable = "certificate_unusable",
        "这张商户证书已吊销或不在有效期内。换用有效的证书及其私钥。",
        "This certificate was revoked, or is not valid now. Use one that is, with its private key.";
    /// The signature is in hexadecimal digits.
    SignatureHex = "signature_hex",
        "签名是十六进制。改为标准 Base64（344 个字符）。",
        "The signature is in hexadecimal digits. Write it in standard Base64 (344 characters).";
    /// The signature is in the URL-safe alphabet.
    SignatureBase64Url = "signature_base64url",
        "签名用了 URL 安全的 Base64（含 - 或 _，或缺少 =）。改用标准 Base64：字母表含 + 和 /，末尾补 =。",
        "The signature is in URL-safe Base64 (with - or _, or without =). Use the standard alphabet, with + \
         and /, and pad it with =.";
    /// The padding is missing.
    SignatureNotPadded = "signature_not_padded",
        "签名的 Base64 缺少末尾的 =。保留填充。",
        "The signature lacks the = at the end of its Base64. Keep the padding.";
    /// There are blanks or line breaks in it.
    SignatureLineBreaks = "signature_line_breaks",
        "签名中有换行或空格。使用不换行的 Base64（如 Base64.NO_WRAP、base64 -w0）。",
        "There are line breaks or blanks in the signature. Use Base64 without them (Base64.NO_WRAP, `base64 \
         -w0`).";
    /// It was percent-encoded.
    SignaturePercentEncoded = "signature_percent_encoded",
        "签名被 URL 编码（含 %2B、%2F 或 %3D）。放进 Authorization 时不要编码。",
        "The signature was percent-encoded (%2B, %2F or %3D). Put it into Authorization as it is.";
    /// It is no signature.
    SignatureUnreadable = "signature_unreadable",
        "signature 不是 256 字节的 Base64。检查是否被截断，以及密钥是否为 2048 位。",
        "The signature is not 256 bytes in Base64. See whether it was cut off, and whether the key has 2048 \
         bits.";
    /// The method is not in upper case.
    MethodLowerCase = "method_lower_case",
        "签名串第一行的请求方法不是大写。写成 GET、POST。",
        "The method in the first line was not signed in upper case. Sign GET, POST.";
    /// Another method was signed.
    MethodDiffers = "method_differs",
        "签名串中的请求方法与实际发送的不同。",
        "Another method was signed than was sent.";
    /// The host was signed.
    TargetWithHost = "target_with_host",
        "签名串第二行带了域名。只签路径和查询串，从 /v3 开始。",
        "The second line was signed with the host. Sign path and query only, from /v3 on.";
    /// The query was not signed.
    TargetWithoutQuery = "target_without_query",
        "签名串第二行漏了查询串。有参数时要签“路径?查询串”。",
        "The second line was signed without the query. Sign path, question mark and query.";
    /// The parameters stand in another order.
    TargetQueryOrder = "target_query_order",
        "签名串中查询参数的顺序与发送的不同。先拼好地址，再用同一个字符串签名和发送。",
        "The query's parameters were signed in another order than they were sent. Build the address once, then \
         sign and send the same text.";
    /// The target was not encoded.
    TargetDecoded = "target_decoded",
        "签名时用了未编码的地址，发送时却编码了。按实际发送的（已编码的）地址签名。",
        "The target was signed before it was percent-encoded. Sign what is sent.";
    /// The target was encoded otherwise.
    TargetEncoded = "target_encoded",
        "签名的地址与发送的地址编码方式不同（如 %20 与 +、大小写、是否编码 | * :）。按实际发送的地址签名。",
        "The target was percent-encoded otherwise than it was sent (%20 or +, case, whether | * : are \
         encoded). Sign what is sent.";
    /// A slash or question mark is there or not.
    TargetSlash = "target_slash",
        "签名的地址多了或少了斜杠或问号。按实际发送的地址签名，以 / 开头。",
        "The target was signed with a slash or question mark too many or too few. Sign what is sent; it begins \
         with /.";
    /// The beginning of the path was not signed.
    TargetCut = "target_cut",
        "签名的地址缺少开头的 /v3。签完整路径，包括客户端基地址中的部分。",
        "The target was signed without /v3. Sign the whole path, also what stands in the client's base address.";
    /// Milliseconds were signed.
    TimestampMillisecondsSigned = "timestamp_milliseconds_signed",
        "签名串第三行是毫秒，Authorization 中却是秒。两处用同一个秒数。",
        "Milliseconds were signed in the third line, but Authorization has seconds. Use the same seconds in \
         both.";
    /// Another second was signed.
    TimestampDiffers = "timestamp_differs",
        "签名串中的时间戳与 Authorization 中的相差几秒。只取一次时间，两处使用。",
        "The timestamp that was signed is some seconds from that in Authorization. Read the clock once.";
    /// Another nonce was signed.
    NonceDiffers = "nonce_differs",
        "签名串中的 nonce_str 与 Authorization 中的大小写或引号不同，或没有签。只生成一次，两处使用。",
        "The nonce_str was signed in other case, in quotes, or not at all. Draw it once and use it in both \
         places.";
    /// The lines stand in another order.
    LinesInOtherOrder = "lines_in_other_order",
        "签名串各行的顺序不对。依次为：方法、地址、时间戳、随机串、请求体。",
        "The lines were signed in another order. They are: method, target, timestamp, nonce, body.";
    /// The last line end is missing.
    NewlineMissing = "newline_missing",
        "签名串末尾缺少换行符。每一行（包括最后一行，即使请求体为空）都以 \\n 结束。",
        "The string to sign lacks its last line end. Every line ends with \\n, the last one too, even if the \
         body is empty.";
    /// There is one line end too many.
    NewlineTwice = "newline_twice",
        "签名串末尾多了一个换行符。",
        "The string to sign has one line end too many at its end.";
    /// CR LF was signed.
    NewlineCrLf = "newline_crlf",
        "签名串用了 \\r\\n 换行。只用 \\n（0x0A）；不要用系统换行符。",
        "The lines were ended with \\r\\n. Use \\n (0x0A) alone, not the system's line end.";
    /// A backslash and an n were signed.
    NewlineEscaped = "newline_escaped",
        "签名串中是反斜杠加字母 n 两个字符，不是换行符。检查引号：有些语言的单引号不转义。",
        "A backslash and the letter n were signed instead of a line end. Look at the quotes: single ones do \
         not escape in some languages.";
    /// No line ends at all.
    NewlinesMissing = "newlines_missing",
        "签名串各行之间没有换行符。每一行以 \\n 结束。",
        "There are no line ends in the string that was signed. Every line ends with \\n.";
    /// It was signed as an answer is.
    SignedAsAnswer = "signed_as_answer",
        "用了应答的签名格式（时间戳、随机串、请求体）。请求的签名串有五行，先是方法和地址。",
        "It was signed as answers are: timestamp, nonce, body. A request has five lines, method and target \
         first.";
    /// The body was not signed.
    BodyMissing = "body_missing",
        "签名时请求体为空，但请求带了请求体。POST 要签实际发送的请求体。",
        "It was signed with an empty body, and one was sent. Sign the body that is sent.";
    /// A body was signed that was not sent.
    BodyNotEmpty = "body_not_empty",
        "请求没有请求体，签名时最后一行却不为空（如 {}、null 或查询串）。GET 的最后一行是空行。",
        "No body was sent, but something was signed in its place ({}, null or the query). The last line of a \
         GET is empty.";
    /// The body was written anew.
    BodyRewritten = "body_rewritten",
        "签名的 JSON 与发送的不是同一段文本：空格、换行、字段顺序或转义不同（值相同）。先序列化一次，再用同一个字符串签名和发送。",
        "The JSON that was signed is not the text that was sent: blanks, line breaks, order or escapes differ, \
         the values do not. Serialise once, then sign and send the same text.";
    /// The body has another charset.
    BodyCharset = "body_charset",
        "签名的请求体与发送的字符编码不同（如 GBK、ISO-8859-1、BOM）。两处都用 UTF-8，不带 BOM。",
        "The body was signed in another charset than it was sent (GBK, ISO-8859-1, a byte order mark). Use \
         UTF-8 without a mark for both.";
    /// Line ends or blanks around the body differ.
    BodyLineEnds = "body_line_ends",
        "签名的请求体与发送的首尾空白或换行方式不同。按实际发送的字节签名。",
        "The body was signed with other line ends, or other blanks around it, than it was sent. Sign the bytes \
         that are sent.";
    /// The digest was made with SHA-1.
    DigestSha1 = "digest_sha1",
        "签名算法用了 SHA1withRSA。改为 SHA256withRSA。",
        "It was signed with SHA-1. Use SHA-256 (`SHA256withRSA`, `RSA-SHA256`).";
    /// The digest was made with MD5.
    DigestMd5 = "digest_md5",
        "签名算法用了 MD5。改为 SHA256withRSA。",
        "It was signed with MD5. Use SHA-256 (`SHA256withRSA`, `RSA-SHA256`).";
    /// The digest was made with another algorithm.
    DigestOther = "digest_other",
        "签名的摘要算法不是 SHA-256。改为 SHA256withRSA。",
        "It was signed with another digest. Use SHA-256 (`SHA256withRSA`, `RSA-SHA256`).";
    /// Bytes were encrypted with the private key.
    DigestUnnamed = "digest_unnamed",
        "用的是“私钥加密”，不是签名：缺少摘要算法标识。用签名函数 SHA256withRSA 直接对签名串签名。",
        "It was encrypted with the private key instead of signed: the name of the digest is missing. Give the \
         string to sign to a signing function, `SHA256withRSA`.";
    /// The digest was digested again.
    DigestTwice = "digest_twice",
        "先求了摘要再签名，摘要做了两次。把签名串本身交给 SHA256withRSA。",
        "The digest was signed instead of the text, so it was digested twice. Give the text itself to \
         `SHA256withRSA`.";
    /// The padding is PSS.
    PaddingPss = "padding_pss",
        "签名用了 PSS 填充。改为 PKCS#1 v1.5（SHA256withRSA，不是 RSASSA-PSS）。",
        "It was signed with PSS padding. Use PKCS#1 v1.5 (`SHA256withRSA`, not `RSASSA-PSS`).";
    /// Another merchant's key made it.
    KeyOfOtherMerchant = "key_of_other_merchant",
        "签名是用另一个商户的私钥做的（见详情）。mchid、serial_no 和私钥必须属于同一商户。",
        "The signature was made with another merchant's private key. mchid, serial_no and the private key must \
         be of one merchant.";
    /// The key of another certificate of this merchant made it.
    KeyOfOtherCertificate = "key_of_other_certificate",
        "签名是用本商户另一张证书的私钥做的。serial_no 要写与私钥匹配的那张证书的序列号（见详情）。",
        "The signature was made with the key of another certificate of this merchant. Name that one in \
         serial_no.";
    /// None of the known keys made it.
    UnknownKey = "unknown_key",
        "签名不是用这张证书的私钥做的，也不是这里任何商户的私钥。检查加载的 apiclient_key.pem；沙箱重建后密钥会变。",
        "Neither the private key of this certificate nor any other known here made the signature. Look at the \
         apiclient_key.pem that is loaded; a new sandbox has new keys.";
    /// The developer's own text is what was signed.
    OwnTextDiffers = "own_text_differs",
        "私钥正确，签名的就是您给出的签名串；它与平台的签名串不同，见第一处差异。",
        "The key is right, and your own string is what was signed; it differs from the platform's: see the \
         first difference.";
    /// The right key signed something else.
    UnknownText = "unknown_text",
        "私钥正确，但签名的是另一段文本。打印出签名前的签名串，粘贴到“您的签名串”，这里会指出第一处差异。",
        "The key is right, but another text was signed. Print the string just before it is signed and paste it \
         as your own string; the first difference is shown then.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Mistake;

    #[test]
    fn every_mistake_has_a_code_of_its_own_and_an_instruction_in_both_languages() {
        let codes: BTreeSet<&str> = Mistake::ALL.iter().map(|mistake| mistake.code()).collect();
        assert_eq!(codes.len(), Mistake::ALL.len());
        let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        for mistake in Mistake::ALL {
            let (code, chinese, english) = (mistake.code(), mistake.chinese(), mistake.english());
            assert!(
                code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            );
            assert!(is_chinese(chinese) && chinese.ends_with('。'), "{code}: {chinese}");
            assert!(!is_chinese(english) && english.ends_with('.'), "{code}: {english}");
        }
    }
}
