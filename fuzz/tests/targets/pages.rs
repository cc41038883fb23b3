//! Pages show any text and never as markup.

use tongbao_web::qr_svg;

use crate::time;

#[test]
fn any_text_becomes_a_qr_code_or_an_empty_picture() {
    bolero::check!().with_test_time(time()).for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let svg = qr_svg(&text);
        assert!(svg.is_empty() || (svg.starts_with("<svg") && svg.ends_with("</svg>")), "{svg}");
        assert!(!svg.contains("<script"));
    });
}
