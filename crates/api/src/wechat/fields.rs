//! Reading bodies and queries as strictly as `/v1` does, and refusing in WeChat Pay's words.

use serde::de::DeserializeOwned;
use tongbao_channel::wechat::error::{Code, InternalCode, Location, Refusal};
use tongbao_core::Refusal as CoreRefusal;
use tongbao_engine::{
    Error,
    webhook::{Policy, check_url},
};
use tongbao_money::Amount;
use tongbao_store::Fault;

use super::auth::Call;
use crate::{
    json::{check_headers, parse, parse_query},
    problem::{self, Problem},
};

/// Characters of an address for notifications.
const NOTIFY_URL_CHARS_MAX: usize = 256;

impl Call {
    /// The body, read strictly.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        check_headers(&self.headers).map_err(|problem| of_problem(&problem))?;
        parse(&self.body).map_err(|problem| of_problem(&problem))
    }

    /// The query, read strictly.
    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        parse_query(&self.query).map_err(|problem| of_problem(&problem))
    }
}

/// A problem of reading a request, in WeChat Pay's words.
pub(super) fn of_problem(problem: &Problem) -> Refusal {
    let param = problem.param.as_deref().unwrap_or_default();
    let (body, query) = (pointer(param), param);
    let is = |kind: problem::Kind| problem.code == kind.code;
    let extra = |field: &str, location| {
        Refusal::parameter(field, "参数中含有非法的额外参数", location)
            .numbered(InternalCode::EXTRA_PARAMETER)
    };
    if is(problem::UNKNOWN_FIELD) {
        return extra(&body, Location::Body);
    }
    if is(problem::UNKNOWN_PARAMETER) {
        return extra(query, Location::Query);
    }
    if is(problem::MISSING_FIELD) {
        return Refusal::missing(&body, Location::Body);
    }
    if is(problem::MISSING_PARAMETER) {
        return Refusal::missing(query, Location::Query);
    }
    if is(problem::RATE_LIMITED) {
        return Refusal::new(Code::FrequencyLimited, "请求过于频繁，请稍后再试");
    }
    // Whether anything was done is not known then, as behind WeChat Pay's own 500.
    if is(problem::DEADLINE_PASSED) {
        return Refusal::new(Code::SystemError, SYSTEM_ERROR);
    }
    match problem.status.as_u16() {
        413 => Refusal::new(Code::ParamError, "请求体过大").at(413),
        415 => Refusal::new(Code::ParamError, "请使用Content-Type: application/json").at(415),
        408 => Refusal::new(Code::InvalidRequest, "请求未能及时到达").at(408),
        503 => unavailable(),
        500 => Refusal::new(Code::SystemError, SYSTEM_ERROR),
        _ if param.is_empty() => Refusal::new(Code::ParamError, "请求体不是合法的JSON"),
        _ if is(problem::DUPLICATE_PARAMETER) => wrong(query, "不能重复", Location::Query),
        _ if is(problem::DUPLICATE_FIELD) => wrong(&body, "不能重复", Location::Body),
        _ => wrong(&body, "的类型或取值不正确", Location::Body),
    }
}

const SYSTEM_ERROR: &str = "系统异常，请用相同参数重新调用";

fn unavailable() -> Refusal {
    Refusal::new(Code::ServiceUnavailable, "服务暂不可用，请稍后用相同参数重试")
}

/// A fault of ours. What failed goes to the log; the client is told whether anything was done.
pub(super) fn of_fault(fault: &Fault) -> Refusal {
    tracing::error!(%fault, "a request of the WeChat Pay door failed");
    match fault {
        Fault::Busy | Fault::Full | Fault::Away(_) | Fault::Stopped(_) => unavailable(),
        Fault::Broken(_) | Fault::Unreadable(_) => Refusal::new(Code::SystemError, SYSTEM_ERROR),
    }
}

/// Why a step gave no result; `refused` says what a refusal of the core means at this endpoint.
pub(super) fn of_error(error: &Error, refused: impl FnOnce(&CoreRefusal) -> Refusal) -> Refusal {
    match error {
        Error::Fault(fault) => of_fault(fault),
        Error::Refused(refusal) => refused(refusal),
    }
}

/// A refusal of the core that no endpoint expects, but for a value that is out of its range.
pub(super) fn unexpected(refusal: &CoreRefusal) -> Refusal {
    match refusal {
        CoreRefusal::Invalid { param, .. } => {
            wrong(&format!("/{param}"), "的取值不正确", Location::Body).numbered(InternalCode::OUT_OF_RANGE)
        }
        _ => Refusal::new(Code::InvalidRequest, "订单当前状态不允许此操作"),
    }
}

/// A parameter and what is wrong with it.
pub(super) fn wrong(field: &str, what: &str, location: Location) -> Refusal {
    let name = field.rsplit('/').next().unwrap_or(field);
    Refusal::parameter(field, format!("参数“{name}”{what}"), location)
}

/// A path such as `detail.goods_detail[2].quantity` as a JSON Pointer (RFC 6901).
fn pointer(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    let escaped = path.replace('~', "~0").replace('/', "~1");
    format!("/{}", escaped.replace('[', "/").replace(']', "").replace('.', "/").trim_start_matches('/'))
}

/// A text of the body with 1 to `max` characters, none of them a control character.
pub(super) fn text(field: &str, value: &str, max: usize) -> Result<(), Refusal> {
    let fits = (1..=max).contains(&value.chars().count()) && !value.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(wrong(field, &format!("须为1至{max}个字符"), Location::Body)) }
}

/// The same for a text that may be left out.
pub(super) fn optional(field: &str, value: Option<&String>, max: usize) -> Result<(), Refusal> {
    value.map_or(Ok(()), |value| text(field, value, max))
}

/// An order number: 6 to 32 digits, letters or characters of `_-|*`.
pub(super) fn out_trade_no(field: &str, value: &str, location: Location) -> Result<(), Refusal> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*".contains(&byte);
    let fits = (6..=32).contains(&value.len()) && value.bytes().all(known);
    let must = "须为6至32个字符，只能是数字、大小写字母及_-|*";
    if fits { Ok(()) } else { Err(wrong(field, must, location)) }
}

/// A refund number: 1 to 64 digits, letters or characters of `_-|*@`.
pub(super) fn out_refund_no(field: &str, value: &str, location: Location) -> Result<(), Refusal> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte);
    let fits = (1..=64).contains(&value.len()) && value.bytes().all(known);
    let must = "须为1至64个字符，只能是数字、大小写字母及_-|*@";
    if fits { Ok(()) } else { Err(wrong(field, must, location)) }
}

/// An amount of at least one fen.
pub(super) fn amount(field: &str, value: i64) -> Result<Amount, Refusal> {
    let read = Amount::new(value).filter(|amount| !amount.is_zero());
    read.ok_or_else(|| {
        wrong(field, "须为大于0的整数，单位为分", Location::Body).numbered(InternalCode::OUT_OF_RANGE)
    })
}

/// The one currency.
pub(super) fn currency(field: &str, value: &str) -> Result<(), Refusal> {
    if value == "CNY" { Ok(()) } else { Err(wrong(field, "只能是CNY", Location::Body)) }
}

/// An address for notifications: one that may be sent to, without a query.
pub(super) fn notify_url(field: &str, value: &str, policy: Policy) -> Result<(), Refusal> {
    text(field, value, NOTIFY_URL_CHARS_MAX)?;
    let fits = !value.contains('?') && check_url(value, policy).is_ok();
    let must = "须为外网可访问的完整URL，不能携带查询参数";
    if fits { Ok(()) } else { Err(wrong(field, must, Location::Body)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_json_pointer() {
        for (path, becomes) in [
            ("", ""),
            ("appid", "/appid"),
            ("amount.total", "/amount/total"),
            ("detail.goods_detail[2].quantity", "/detail/goods_detail/2/quantity"),
            ("a~/b", "/a~0~1b"),
        ] {
            assert_eq!(pointer(path), becomes);
        }
    }
}
