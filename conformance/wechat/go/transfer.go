// Transfer bills. The SDK knows the older batches only; its client signs, encrypts and verifies any request.
package main

import (
	"context"
	"net/http"
	"net/url"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
)

const transferBills = "/v3/fund-app/mch-transfer/transfer-bills"

// newBill is a transfer; the SDK encrypts what is marked.
type newBill struct {
	Appid           string              `json:"appid"`
	OutBillNo       string              `json:"out_bill_no"`
	TransferSceneID string              `json:"transfer_scene_id"`
	Openid          string              `json:"openid"`
	UserName        *string             `json:"user_name,omitempty" encryption:"EM_APIV3"`
	TransferAmount  int64               `json:"transfer_amount"`
	TransferRemark  string              `json:"transfer_remark"`
	NotifyURL       string              `json:"notify_url,omitempty"`
	ReportInfos     []map[string]string `json:"transfer_scene_report_infos"`
}

// bill is what becomes of it.
type bill struct {
	OutBillNo   string  `json:"out_bill_no"`
	State       string  `json:"state"`
	PackageInfo string  `json:"package_info"`
	UserName    *string `json:"user_name" encryption:"EM_APIV3"`
}

func (shop *Shop) offer(ctx context.Context, name *string, notifyURL string) (*bill, error) {
	wechat := shop.box.Wechat
	asked := &newBill{
		Appid:           wechat.Appid,
		OutBillNo:       number(""),
		TransferSceneID: "1000",
		Openid:          wechat.Openids[0].Openid,
		UserName:        name,
		TransferAmount:  30,
		TransferRemark:  "报销",
		NotifyURL:       notifyURL,
		ReportInfos:     []map[string]string{{"info_type": "活动名称", "info_content": "新会员有礼"}},
	}
	header := http.Header{}
	if name != nil {
		serial, err := shop.client.EncryptRequest(ctx, asked)
		if err != nil {
			return nil, err
		}
		header.Set(consts.WechatPaySerial, serial)
	}
	result, err := shop.client.Request(
		ctx, http.MethodPost, official+transferBills, header, nil, asked, consts.ApplicationJSON)
	if err != nil {
		return nil, err
	}
	made := new(bill)
	if err := core.UnMarshalResponse(result.Response, made); err != nil {
		return nil, err
	}
	made.OutBillNo = asked.OutBillNo
	return made, must(made.State == "WAIT_USER_CONFIRM", made)
}

func (shop *Shop) transfer(ctx context.Context) error {
	made, err := shop.offer(ctx, core.String("张三"), shop.receiver.URL)
	if err != nil {
		return err
	}
	if err := shop.box.confirm(made.PackageInfo, 0); err != nil {
		return err
	}
	found := new(bill)
	if err := shop.ask(ctx, transferBills+"/out-bill-no/"+url.PathEscape(made.OutBillNo), nil, found); err != nil {
		return err
	}
	if err := shop.client.DecryptResponse(ctx, found); err != nil {
		return err
	}
	if err := must(found.State == "SUCCESS" && *found.UserName == "张三", found); err != nil {
		return err
	}
	told, err := shop.told(ctx, "MCHTRANSFER.BILL.FINISHED")
	if err != nil {
		return err
	}
	return must(told["state"] == "SUCCESS" && told["out_bill_no"] == made.OutBillNo, told)
}

func (shop *Shop) cancelTransfer(ctx context.Context) error {
	made, err := shop.offer(ctx, nil, "")
	if err != nil {
		return err
	}
	done := new(bill)
	path := transferBills + "/out-bill-no/" + url.PathEscape(made.OutBillNo) + "/cancel"
	if err := shop.ask(ctx, path, struct{}{}, done); err != nil {
		return err
	}
	return must(done.State == "CANCELLED", done)
}
