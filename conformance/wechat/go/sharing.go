// Profit sharing, by the SDK's services.
package main

import (
	"context"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"github.com/wechatpay-apiv3/wechatpay-go/services/profitsharing"
)

func (shop *Shop) share(ctx context.Context) error {
	wechat := shop.box.Wechat
	appid, openid := core.String(wechat.Appid), core.String(wechat.Openids[1].Openid)
	kind := profitsharing.RECEIVERTYPE_PERSONAL_OPENID
	receivers := profitsharing.ReceiversApiService{Client: shop.client}
	added, _, err := receivers.AddReceiver(ctx, profitsharing.AddReceiverRequest{
		Appid: appid, Account: openid, Type: kind.Ptr(), Name: core.String("李四"),
		RelationType: profitsharing.RECEIVERRELATIONTYPE_STAFF.Ptr(),
	})
	if err != nil {
		return err
	}
	if err := must(*added.Name == "李四", added); err != nil {
		return err
	}
	code, err := shop.nativeWith(ctx, number(""), &native.SettleInfo{ProfitSharing: core.Bool(true)})
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
	if err := shop.box.nextMinute(); err != nil {
		return err
	}
	transactionID, _ := told["transaction_id"].(string)
	if err := shop.split(ctx, core.String(transactionID), openid); err != nil {
		return err
	}
	deleted, _, err := receivers.DeleteReceiver(
		ctx, profitsharing.DeleteReceiverRequest{Appid: appid, Account: openid, Type: kind.Ptr()})
	if err != nil {
		return err
	}
	return must(*deleted.Account == *openid, deleted)
}

// split shares, asks what became of it and what is left, and unfreezes that.
func (shop *Shop) split(ctx context.Context, transactionID, openid *string) error {
	orders := profitsharing.OrdersApiService{Client: shop.client}
	outOrderNo := core.String(number("@"))
	shared, _, err := orders.CreateOrder(ctx, profitsharing.CreateOrderRequest{
		Appid:         core.String(shop.box.Wechat.Appid),
		TransactionId: transactionID,
		OutOrderNo:    outOrderNo,
		Receivers: []profitsharing.CreateOrderReceiver{{
			Type: core.String("PERSONAL_OPENID"), Account: openid, Name: core.String("李四"),
			Amount: core.Int64(30), Description: core.String("提成"),
		}},
		UnfreezeUnsplit: core.Bool(false),
	})
	if err != nil {
		return err
	}
	if err := must(*shared.Receivers[0].Result == profitsharing.DETAILSTATUS_SUCCESS, shared); err != nil {
		return err
	}
	found, _, err := orders.QueryOrder(
		ctx, profitsharing.QueryOrderRequest{TransactionId: transactionID, OutOrderNo: outOrderNo})
	if err != nil {
		return err
	}
	if err := must(*found.OrderId == *shared.OrderId, found); err != nil {
		return err
	}
	transactions := profitsharing.TransactionsApiService{Client: shop.client}
	left, _, err := transactions.QueryOrderAmount(
		ctx, profitsharing.QueryOrderAmountRequest{TransactionId: transactionID})
	if err != nil {
		return err
	}
	if err := must(*left.UnsplitAmount == 69, left); err != nil {
		return err
	}
	done, _, err := orders.UnfreezeOrder(ctx, profitsharing.UnfreezeOrderRequest{
		TransactionId: transactionID, OutOrderNo: core.String(number("")), Description: core.String("解冻"),
	})
	if err != nil {
		return err
	}
	return must(*done.Receivers[0].Amount == 69, done)
}
