// Combined orders. The SDK has no service for them; its client signs and verifies any request.
package main

import (
	"context"
	"net/http"
	"net/url"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
)

const official = "https://api.mch.weixin.qq.com"

// ask sends a request of the SDK's own client and reads what it has verified.
func (shop *Shop) ask(ctx context.Context, path string, body any, into any) error {
	var result *core.APIResult
	var err error
	if body == nil {
		result, err = shop.client.Get(ctx, official+path)
	} else {
		result, err = shop.client.Post(ctx, official+path, body)
	}
	if err != nil || into == nil {
		return err
	}
	return core.UnMarshalResponse(result.Response, into)
}

type part struct {
	Mchid       string         `json:"mchid"`
	Attach      string         `json:"attach,omitempty"`
	Description string         `json:"description,omitempty"`
	OutTradeNo  string         `json:"out_trade_no"`
	Amount      map[string]any `json:"amount,omitempty"`
}

// combined is what a query finds.
type combined struct {
	OutTradeNo string `json:"combine_out_trade_no"`
	SubOrders  []struct {
		OutTradeNo string `json:"out_trade_no"`
		TradeState string `json:"trade_state"`
	} `json:"sub_orders"`
}

func (shop *Shop) placeCombined(ctx context.Context) (string, []part, string, error) {
	wechat := shop.box.Wechat
	parts := make([]part, 2)
	for at := range parts {
		amount := map[string]any{"total_amount": total, "currency": "CNY"}
		parts[at] = part{wechat.Mchid, "桌号 7", "一壶茶", number(""), amount}
	}
	whole := number("C")
	var placed struct {
		CodeURL string `json:"code_url"`
	}
	err := shop.ask(ctx, "/v3/combine-transactions/native", map[string]any{
		"combine_appid":        wechat.Appid,
		"combine_mchid":        wechat.Mchid,
		"combine_out_trade_no": whole,
		"sub_orders":           parts,
		"notify_url":           shop.receiver.URL,
	}, &placed)
	return whole, parts, placed.CodeURL, err
}

func (shop *Shop) findCombined(ctx context.Context, whole, state string) error {
	found := new(combined)
	if err := shop.ask(ctx, "/v3/combine-transactions/out-trade-no/"+url.PathEscape(whole), nil, found); err != nil {
		return err
	}
	good := found.OutTradeNo == whole && len(found.SubOrders) == 2
	for _, sub := range found.SubOrders {
		good = good && sub.TradeState == state
	}
	return must(good, found)
}

func (shop *Shop) combine(ctx context.Context) error {
	whole, _, code, err := shop.placeCombined(ctx)
	if err != nil {
		return err
	}
	if err := shop.box.pay(code, 0); err != nil {
		return err
	}
	told, err := shop.told(ctx, "TRANSACTION.SUCCESS")
	if err != nil {
		return err
	}
	if err := must(told["combine_out_trade_no"] == whole, told); err != nil {
		return err
	}
	return shop.findCombined(ctx, whole, "SUCCESS")
}

func (shop *Shop) closeCombined(ctx context.Context) error {
	whole, parts, _, err := shop.placeCombined(ctx)
	if err != nil {
		return err
	}
	closed := make([]part, len(parts))
	for at, one := range parts {
		closed[at] = part{Mchid: one.Mchid, OutTradeNo: one.OutTradeNo}
	}
	path := "/v3/combine-transactions/out-trade-no/" + url.PathEscape(whole) + "/close"
	body := map[string]any{"combine_appid": shop.box.Wechat.Appid, "sub_orders": closed}
	if err := refused(shop.ask(ctx, path, map[string]any{
		"combine_appid": shop.box.Wechat.Appid, "sub_orders": closed[:1],
	}, nil), http.StatusBadRequest, "INVALID_REQUEST"); err != nil {
		return err
	}
	if err := shop.ask(ctx, path, body, nil); err != nil {
		return err
	}
	return shop.findCombined(ctx, whole, "CLOSED")
}
