//! What kind of device a browser says to be: the families of browser and system, and nothing that tells two of a kind
//! apart. It is shown to the payer, who knows the device; nothing is decided by it.

/// Families of browsers, the more particular before those that they pretend to be.
const BROWSERS: [(&str, &str); 8] = [
    ("MicroMessenger", "WeChat"),
    ("AlipayClient", "Alipay"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
];

/// Families of systems, in the same order.
const SYSTEMS: [(&str, &str); 8] = [
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// `Chrome · Android`; empty if nothing is known of it.
pub(super) fn name(user_agent: Option<&str>) -> String {
    let text = user_agent.unwrap_or_default();
    let family = |known: &[(&str, &'static str)]| {
        known.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name)
    };
    let parts: Vec<&str> = family(&BROWSERS).into_iter().chain(family(&SYSTEMS)).collect();
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_device_is_named_by_its_families_only() {
        let android = "Mozilla/5.0 (Linux; Android 14; SM-S9080) AppleWebKit/537.36 (KHTML, like Gecko) \
                       Chrome/126.0.0.0 Mobile Safari/537.36";
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
                      Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
        for (text, named) in [
            (android, "Chrome · Android"),
            (&format!("{android} MicroMessenger/8.0.49"), "WeChat · Android"),
            (iphone, "Safari · iPhone"),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox · Linux"),
            ("curl/8.5.0", ""),
            ("<script>", ""),
        ] {
            assert_eq!(name(Some(text)), named);
        }
        assert_eq!(name(None), "");
    }
}
