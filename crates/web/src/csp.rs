//! The security headers of every page.
//!
//! Invariant: nothing is loaded from another origin, and no script runs that this page's nonce does not name. There
//! is no inline style, so no exception for one.

/// Headers that every page carries beside `Content-Security-Policy`, as (name, value).
///
/// Pages hold personal data and one-time tokens, so no cache keeps them; a cashier's address identifies a payment, so
/// no other site learns it by the referrer.
pub const HEADERS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
];

/// The value of the `Content-Security-Policy` header (CSP level 3) for a page rendered with `nonce`.
///
/// `nonce` is at least 128 random bits in base64, new for every response. Characters outside base64 are dropped, so
/// that a nonce can never add a directive.
pub fn csp(nonce: &str) -> String {
    let nonce: String =
        nonce.chars().filter(|char| char.is_ascii_alphanumeric() || "+/=-_".contains(*char)).collect();
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::csp;

    #[test]
    fn nothing_unsafe_and_nothing_foreign_is_allowed() {
        let policy = csp("bm9uY2U=");
        assert!(policy.contains("default-src 'none'"));
        assert!(policy.contains("script-src 'nonce-bm9uY2U=';"));
        assert!(!policy.contains("unsafe"));
        assert!(!policy.contains('*'));
        assert!(!policy.contains("http"));
    }

    #[test]
    fn a_hostile_nonce_cannot_add_a_directive() {
        let policy = csp("x'; script-src * 'unsafe-inline");
        assert_eq!(policy.matches("script-src").count(), 2, "the second is inside the nonce's quotes");
        assert!(policy.contains("'nonce-xscript-srcunsafe-inline';"));
    }
}
