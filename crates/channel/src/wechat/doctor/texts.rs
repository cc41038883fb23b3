//! Which text was signed: the request's own with one or two things changed, compared by its digest.

use std::{borrow::Cow, collections::BTreeSet};

use super::{
    Case, bodies,
    inside::Inside,
    mistake::{Finding, Mistake},
    targets,
};

/// Bodies up to this are tried with two mistakes at once.
const PAIRS_BODY_BYTES_MAX: usize = 16 * 1024;

/// Seconds either way for a clock that was read twice.
const READ_TWICE_S: i64 = 10;

/// One of the five things that are signed, and the forms it may have had. The first is the right one.
type Forms = Vec<(Option<Mistake>, Vec<u8>)>;

/// How the five are put together.
#[derive(Clone, Copy)]
enum Joint {
    /// Each line ends with LF.
    Lines,
    /// The last one does not.
    NoLastLineEnd,
    /// There is an empty line after the last.
    ExtraLineEnd,
    /// CR LF.
    CrLf,
    /// A backslash and an `n`.
    Escaped,
    /// Nothing between them.
    Nothing,
    /// As answers are signed: time, nonce, body.
    AsAnswer,
    /// The digest of the text is signed instead of the text.
    Digest,
    /// The same in hexadecimal digits.
    DigestHex,
    /// The same in Base64.
    DigestBase64,
}

impl Joint {
    const EVERY: [(Joint, Option<Mistake>); 10] = [
        (Joint::Lines, None),
        (Joint::NoLastLineEnd, Some(Mistake::NewlineMissing)),
        (Joint::ExtraLineEnd, Some(Mistake::NewlineTwice)),
        (Joint::CrLf, Some(Mistake::NewlineCrLf)),
        (Joint::Escaped, Some(Mistake::NewlineEscaped)),
        (Joint::Nothing, Some(Mistake::NewlinesMissing)),
        (Joint::AsAnswer, Some(Mistake::SignedAsAnswer)),
        (Joint::Digest, Some(Mistake::DigestTwice)),
        (Joint::DigestHex, Some(Mistake::DigestTwice)),
        (Joint::DigestBase64, Some(Mistake::DigestTwice)),
    ];

    fn text(self, parts: &[&[u8]; 5]) -> Vec<u8> {
        use aws_lc_rs::digest::{SHA256, digest};
        use base64::{Engine as _, engine::general_purpose::STANDARD};

        let joined = |between: &[u8]| {
            let mut text = parts.join(between);
            text.extend_from_slice(between);
            text
        };
        let digested = || digest(&SHA256, &joined(b"\n"));
        match self {
            Joint::Lines => joined(b"\n"),
            Joint::NoLastLineEnd => parts.join(&b"\n"[..]),
            Joint::ExtraLineEnd => [joined(b"\n").as_slice(), b"\n"].concat(),
            Joint::CrLf => joined(b"\r\n"),
            Joint::Escaped => joined(b"\\n"),
            Joint::Nothing => parts.concat(),
            Joint::AsAnswer => [parts[2], b"\n", parts[3], b"\n", parts[4], b"\n"].concat(),
            Joint::Digest => digested().as_ref().to_vec(),
            Joint::DigestHex => crate::wechat::draw::hex(digested().as_ref()).to_lowercase().into_bytes(),
            Joint::DigestBase64 => STANDARD.encode(digested().as_ref()).into_bytes(),
        }
    }
}

/// What was changed in the text that this signature was made over. If no known mistake leads to it, that is said.
pub(super) fn mistakes(case: &Case<'_>, inside: &Inside) -> Vec<Finding> {
    let forms = forms(case);
    let right = [0; 5];
    if inside.is_of(&text(&forms, right, Joint::Lines)) {
        // Then what is wrong is the key or the algorithm, which others have said.
        return Vec::new();
    }
    one(&forms, inside)
        .or_else(|| two(&forms, inside, case.request.body.len() <= PAIRS_BODY_BYTES_MAX))
        .or_else(|| order(&forms, inside))
        .or_else(|| of_own(case, inside))
        .unwrap_or_else(|| vec![Finding::of(Mistake::UnknownText)])
}

fn forms(case: &Case<'_>) -> [Forms; 5] {
    let request = &case.request;
    let query = request.target.split_once('?').map(|(_, query)| query);
    let with = |right: &[u8], others: Vec<(Mistake, Vec<u8>)>| {
        let mut seen = BTreeSet::from([right.to_vec()]);
        let others = others.into_iter().filter(|(_, text)| seen.insert(text.clone())).collect::<Vec<_>>();
        let others = others.into_iter().map(|(mistake, text)| (Some(mistake), text));
        std::iter::once((None, right.to_vec())).chain(others).collect()
    };
    [
        with(request.method.as_bytes(), methods(request.method)),
        with(request.target.as_bytes(), targets::others(request.target, case.host)),
        with(request.timestamp_s.to_string().as_bytes(), timestamps(request.timestamp_s)),
        with(request.nonce.as_bytes(), nonces(request.nonce)),
        with(request.body, bodies::others(request.body, query)),
    ]
}

fn methods(method: &str) -> Vec<(Mistake, Vec<u8>)> {
    let lower = method.to_ascii_lowercase();
    let mut letters = lower.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let capital: String = first.into_iter().chain(letters).collect();
    let cases = [lower.clone(), capital].map(|text| (Mistake::MethodLowerCase, text.into_bytes()));
    let others = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let others = others.map(|text| (Mistake::MethodDiffers, text.as_bytes().to_vec()));
    cases.into_iter().chain(others).collect()
}

fn timestamps(seconds: i64) -> Vec<(Mistake, Vec<u8>)> {
    let near =
        (-READ_TWICE_S..=READ_TWICE_S).map(|off| (Mistake::TimestampDiffers, seconds.saturating_add(off)));
    let within =
        (0..1_000).map(|ms| (Mistake::TimestampMillisecondsSigned, seconds.saturating_mul(1_000) + ms));
    near.chain(within).map(|(mistake, number)| (mistake, number.to_string().into_bytes())).collect()
}

fn nonces(nonce: &str) -> Vec<(Mistake, Vec<u8>)> {
    let cases = [nonce.to_ascii_lowercase(), nonce.to_ascii_uppercase(), String::new()];
    let quoted = format!("\"{nonce}\"");
    cases.into_iter().chain([quoted]).map(|text| (Mistake::NonceDiffers, text.into_bytes())).collect()
}

fn text(forms: &[Forms; 5], which: [usize; 5], joint: Joint) -> Vec<u8> {
    let mut parts: [&[u8]; 5] = [&[]; 5];
    for ((part, forms), at) in parts.iter_mut().zip(forms).zip(which) {
        *part = forms.get(at).map(|(_, text)| text.as_slice()).unwrap_or_default();
    }
    joint.text(&parts)
}

/// One thing is changed.
fn one(forms: &[Forms; 5], inside: &Inside) -> Option<Vec<Finding>> {
    let joints = Joint::EVERY.iter().map(|(joint, mistake)| (*joint, *mistake, [0; 5]));
    let parts = forms.iter().enumerate().flat_map(|(place, forms)| {
        forms.iter().enumerate().map(move |(at, (mistake, _))| {
            let mut which = [0; 5];
            which[place] = at;
            (Joint::Lines, *mistake, which)
        })
    });
    let mut tried = joints.chain(parts);
    let (_, mistake, _) = tried.find(|(joint, _, which)| inside.is_of(&text(forms, *which, *joint)))?;
    Some(mistake.into_iter().map(Finding::of).collect())
}

/// Two things are changed: parts, or one part and how they are put together. Times are not tried then, but for two.
fn two(forms: &[Forms; 5], inside: &Inside, may: bool) -> Option<Vec<Finding>> {
    if !may {
        return None;
    }
    let count = |place: usize| if place == 2 { forms[place].len().min(3) } else { forms[place].len() };
    for first in 0..5 {
        for second in first + 1..=5 {
            let seconds = if second == 5 { Joint::EVERY.len() } else { count(second) };
            for (at, other) in (1..count(first)).flat_map(|at| (1..seconds).map(move |other| (at, other))) {
                let mut which = [0; 5];
                which[first] = at;
                let (joint, mistake) = match which.get_mut(second) {
                    Some(place) => {
                        *place = other;
                        (Joint::Lines, forms[second][other].0)
                    }
                    None => Joint::EVERY[other],
                };
                if inside.is_of(&text(forms, which, joint)) {
                    let both = forms[first][at].0.into_iter().chain(mistake);
                    return Some(both.map(Finding::of).collect());
                }
            }
        }
    }
    None
}

/// The right lines in another order.
fn order(forms: &[Forms; 5], inside: &Inside) -> Option<Vec<Finding>> {
    let mut places = [0, 1, 2, 3, 4];
    let mut found = false;
    permute(&mut places, 0, &mut |places| {
        let parts = places.map(|place| forms[place][0].1.as_slice());
        found = found || inside.is_of(&Joint::Lines.text(&parts));
    });
    found.then(|| vec![Finding::of(Mistake::LinesInOtherOrder)])
}

fn permute(places: &mut [usize; 5], from: usize, each: &mut impl FnMut([usize; 5])) {
    if from == places.len() {
        each(*places);
        return;
    }
    for at in from..places.len() {
        places.swap(from, at);
        permute(places, from + 1, each);
        places.swap(from, at);
    }
}

/// The developer's own text is what was signed: the difference is shown, and needs no name.
fn of_own(case: &Case<'_>, inside: &Inside) -> Option<Vec<Finding>> {
    let own = case.own?;
    let with_line_end: [Cow<'_, [u8]>; 3] =
        [own.into(), [own, b"\n"].concat().into(), own.trim_ascii_end().into()];
    with_line_end.iter().any(|own| inside.is_of(own)).then(|| vec![Finding::of(Mistake::OwnTextDiffers)])
}
