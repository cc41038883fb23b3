//! A browser without scripts: keeps cookies by path, follows redirects, fills forms in.

use axum::{
    Router,
    body::Body,
    http::{
        HeaderMap, Request, StatusCode,
        header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE},
    },
};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// An answer.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Page {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Fails unless every text stands on the page.
    #[track_caller]
    pub(crate) fn shows(&self, texts: &[&str]) {
        let page = self.text();
        for text in texts {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
    }

    /// Fails if any of the texts stands on the page.
    #[track_caller]
    pub(crate) fn hides(&self, texts: &[&str]) {
        let page = self.text();
        for text in texts {
            assert!(!page.contains(text), "{text} is in {page}");
        }
    }

    /// The token that the forms of the page carry.
    pub(crate) fn token(&self) -> String {
        let text = self.text();
        let token = text.split("name=\"csrf\" value=\"").nth(1).expect("the page has a form");
        token.split('"').next().unwrap().to_owned()
    }
}

/// A cookie as the browser keeps it.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) value: String,
}

/// See the module.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    pub(crate) cookies: Vec<Kept>,
    /// Sent as `Sec-Fetch-Site` with forms.
    pub(crate) from: Option<&'static str>,
}

impl Browser {
    pub(crate) fn new(router: &Router) -> Browser {
        Browser { router: router.clone(), cookies: Vec::new(), from: Some("same-origin") }
    }

    /// The one cookie of this name.
    pub(crate) fn cookie(&mut self, name: &str) -> &mut Kept {
        let mut found = self.cookies.iter_mut().filter(|kept| kept.name == name);
        let cookie = found.next().unwrap_or_else(|| panic!("no cookie {name}"));
        assert!(found.next().is_none(), "two cookies {name}");
        cookie
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.cookies.iter().any(|kept| kept.name == name)
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, String::new()).await
    }

    /// Sends a form and does not follow where it leads.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = serde_urlencoded::to_string(fields).unwrap();
        self.send("POST", path, body).await
    }

    /// Sends a form with the token of `page`, and follows.
    pub(crate) async fn submit(&mut self, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = page.token();
        let mut fields = fields.to_vec();
        fields.push(("csrf", &token));
        let answer = self.post(path, &fields).await;
        self.follow(answer).await
    }

    /// Goes where a redirect leads.
    pub(crate) async fn follow(&mut self, answer: Page) -> Page {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let page = self.get(answer.header(LOCATION.as_str())).await;
        // The address of a form leads on to its page.
        if page.status == StatusCode::SEE_OTHER {
            self.get(page.header(LOCATION.as_str())).await
        } else {
            page
        }
    }

    async fn send(&mut self, method: &str, path: &str, body: String) -> Page {
        let bare = path.split('?').next().unwrap();
        let below = |kept: &&Kept| bare == kept.path || bare.starts_with(&format!("{}/", kept.path));
        let cookies: Vec<_> =
            self.cookies.iter().filter(below).map(|kept| format!("{}={}", kept.name, kept.value)).collect();
        let mut request = Request::builder().method(method).uri(path).header("accept-language", "en");
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        if method == "POST" {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            if let Some(from) = self.from {
                request = request.header("sec-fetch-site", from);
            }
        }
        let answer = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        for line in parts.headers.get_all(SET_COOKIE) {
            self.keep(line.to_str().unwrap());
        }
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Page { status: parts.status, headers: parts.headers, body }
    }

    /// Takes a `Set-Cookie` line in; none of ours may go without its guards.
    fn keep(&mut self, line: &str) {
        assert!(line.contains("; HttpOnly") && line.contains("; SameSite=Lax"), "{line}");
        let (pair, attributes) = line.split_once(';').unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        let path = attributes.split("Path=").nth(1).unwrap().split(';').next().unwrap();
        self.cookies.retain(|kept| kept.name != name || kept.path != path);
        if !attributes.contains("Max-Age=0") {
            self.cookies.push(Kept { name: name.into(), path: path.into(), value: value.into() });
        }
    }
}
