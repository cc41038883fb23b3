//! Writes every page at every step, in both languages, as static files to look at: `gallery <directory>`.
//!
//! The style sheet is put into the page, so the files open without a server.

use std::path::PathBuf;
use std::{env, fs, io};

use tongbao_web::cashier::render_cashier;
use tongbao_web::error::{ErrorView, render_error};
use tongbao_web::sandbox::{
    render_inbox, render_notifications, render_phone, render_signature, render_start, render_timeline,
};
use tongbao_web::{Lang, asset, render_docs};

#[path = "../tests/web/samples/mod.rs"]
#[expect(dead_code, reason = "the tests use more of the samples than the gallery")]
mod samples;

fn main() -> io::Result<()> {
    let directory = PathBuf::from(env::args().nth(1).unwrap_or_else(|| "gallery".into()));
    fs::create_dir_all(&directory)?;
    for lang in [Lang::Zh, Lang::En] {
        for (name, html) in pages(lang) {
            fs::write(directory.join(format!("{name}.{}.html", lang.parameter())), with_sheet_inside(&html))?;
        }
    }
    Ok(())
}

fn pages(lang: Lang) -> Vec<(String, String)> {
    let frame = samples::frame(lang);
    let mut large = frame.clone();
    large.large_text = true;
    let mut pages: Vec<_> = samples::cashier_steps()
        .into_iter()
        .map(|(name, view)| (format!("cashier-{name}"), render_cashier(&view, &frame)))
        .collect();
    let mut page = |name: &str, html| pages.push((name.to_owned(), html));
    page("cashier-large", render_cashier(&samples::cashier(samples::confirm(100_000)), &large));
    for (suffix, empty) in [("", false), ("-empty", true)] {
        page(&format!("start{suffix}"), render_start(&samples::start(empty), &frame));
        page(&format!("phone{suffix}"), render_phone(&samples::phone(empty), &frame));
        page(&format!("inbox{suffix}"), render_inbox(&samples::inbox(empty), &frame));
        let view = samples::notifications(empty);
        page(&format!("notifications{suffix}"), render_notifications(&view, &frame));
        page(&format!("signature{suffix}"), render_signature(&samples::signature(empty), &frame));
        page(&format!("timeline{suffix}"), render_timeline(&samples::timeline(empty), &frame));
    }
    let opened =
        render_notifications(&samples::notifications(false), &frame).replace("<details>", "<details open>");
    page("notifications-opened", opened);
    page("docs", render_docs(&samples::openapi(), true, &frame));
    for status in [404, 410, 500] {
        let view = ErrorView { status, request_id: "req_01k9yq3vx2e8gtm4d6w7zr5hbn".into() };
        page(&format!("error-{status}"), render_error(&view, &frame));
    }
    pages
}

fn with_sheet_inside(html: &str) -> String {
    let link = html.split("<link rel=\"stylesheet\" href=\"").nth(1).and_then(|rest| rest.split('"').next());
    let path = link.expect("every page links a style sheet");
    let sheet = asset(path).expect("every linked style sheet exists");
    let css = String::from_utf8_lossy(sheet.bytes);
    html.replace(&format!("<link rel=\"stylesheet\" href=\"{path}\">"), &format!("<style>{css}</style>"))
}
