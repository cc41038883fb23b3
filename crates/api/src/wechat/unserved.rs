//! What WeChat Pay documents and this door does not serve: a clear no, instead of "there is no such address".

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use tongbao_channel::wechat::error::{Code, Refusal};

use super::{Door, answer, run};

/// What the paths of documented endpoints begin with.
const DOCUMENTED: [&str; 11] = [
    "/v3/bill/",
    "/v3/fund-app/mch-transfer/",
    "/v3/marketing/",
    "/v3/merchant-service/",
    "/v3/pay/partner/transactions/",
    "/v3/payscore/",
    "/v3/profitsharing/",
    "/v3/security/echo",
    "/v3/transfer-detail/",
    "/v3/transfer/",
    "/v3/transferdownload/",
];

fn is_documented(path: &str) -> bool {
    let abnormal =
        path.starts_with("/v3/refund/domestic/refunds/") && path.ends_with("/apply-abnormal-refund");
    abnormal || DOCUMENTED.iter().any(|known| path.starts_with(known))
}

/// Answers what no route serves.
pub(super) async fn any(State(door): State<Arc<Door>>, request: Request) -> Response {
    if !is_documented(request.uri().path()) {
        return answer::not_found();
    }
    let no_auth = Refusal::new(Code::NoAuth, "商户号该产品权限未开通，请前往商户平台>产品中心检查后重试");
    run(door, request, |_, _| async { Err(no_auth) }).await
}
