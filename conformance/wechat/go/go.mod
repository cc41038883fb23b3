// A client of its own, outside the workspace: nothing of it goes into the platform.
module tongbao.invalid/conformance

go 1.24

require github.com/wechatpay-apiv3/wechatpay-go v0.2.21
