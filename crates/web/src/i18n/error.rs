//! The words of the error page.

texts! {
    /// What went wrong, and what to do next.
    pub(crate) Text {
        BadRequestTitle: "请求有误", "This request cannot be read";
        BadRequestNext: "请检查地址或表单后重试。", "Check the address or the form and try again.";
        ForbiddenTitle: "没有权限", "Not allowed";
        ForbiddenNext: "页面可能停留太久而失效。请返回上一页，刷新后重试。",
            "The page may have been open for too long. Go back, reload it and try again.";
        NotFoundTitle: "页面不存在", "Nothing here";
        NotFoundNext: "请检查链接是否完整；如果来自商家，请回到商家重新打开。",
            "Check that the link is complete. If a shop sent you, open it again from the shop.";
        GoneTitle: "链接已失效", "This link has ended";
        GoneNext: "请回到商家重新下单。", "Please order again in the shop.";
        TooManyTitle: "操作太频繁", "Too many requests";
        TooManyNext: "请稍等一分钟再试。", "Wait a minute and try again.";
        UnavailableTitle: "系统繁忙", "Busy right now";
        UnavailableNext: "请稍后再试。如果正在付款，请先查看付款结果，不要重复付款。",
            "Try again shortly. If you were paying, look at the result first; do not pay twice.";
        InternalTitle: "系统出错了", "Something broke on our side";
        InternalNext: "问题已记录。如果正在付款，请先查看付款结果，不要重复付款；联系客服时请提供下面的请求编号。",
            "It has been recorded. If you were paying, look at the result first; do not pay twice. \
             Quote the number below when you contact us.";
    }
}
