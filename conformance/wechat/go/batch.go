// Batches of transfers, as the SDK's own service asks for them.
package main

import (
	"context"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/transferbatch"
)

func (shop *Shop) batch(ctx context.Context) error {
	wechat, outBatchNo := shop.box.Wechat, number("")
	detail := func(no string, openid string) transferbatch.TransferDetailInput {
		return transferbatch.TransferDetailInput{
			OutDetailNo:    core.String(no),
			TransferAmount: core.Int64(30),
			TransferRemark: core.String("报销"),
			Openid:         core.String(openid),
			UserName:       core.String("张三"),
		}
	}
	batches := transferbatch.TransferBatchApiService{Client: shop.client}
	made, _, err := batches.InitiateBatchTransfer(ctx, transferbatch.InitiateBatchTransferRequest{
		Appid:       core.String(wechat.Appid),
		OutBatchNo:  core.String(outBatchNo),
		BatchName:   core.String("四月报销"),
		BatchRemark: core.String("四月报销"),
		TotalAmount: core.Int64(60),
		TotalNum:    core.Int64(2),
		NotifyUrl:   core.String(shop.receiver.URL),
		TransferDetailList: []transferbatch.TransferDetailInput{
			detail("D1", wechat.Openids[0].Openid), detail("D2", "nobody")},
	})
	if err != nil {
		return err
	}
	told, err := shop.told(ctx, "MCHTRANSFER.BATCH.FINISHED")
	if err != nil {
		return err
	}
	if err := must(told["out_batch_no"] == outBatchNo && told["batch_status"] == "FINISHED", told); err != nil {
		return err
	}
	found, _, err := batches.GetTransferBatchByNo(ctx, transferbatch.GetTransferBatchByNoRequest{
		BatchId: made.BatchId, NeedQueryDetail: core.Bool(true), DetailStatus: core.String("ALL")})
	if err != nil {
		return err
	}
	own, _, err := batches.GetTransferBatchByOutNo(ctx, transferbatch.GetTransferBatchByOutNoRequest{
		OutBatchNo: made.OutBatchNo, NeedQueryDetail: core.Bool(false)})
	if err != nil {
		return err
	}
	if err := must(*own.TransferBatch.SuccessNum == 1 && *own.TransferBatch.FailAmount == 30, own); err != nil {
		return err
	}
	return shop.batchDetails(ctx, *made.BatchId, outBatchNo, found.TransferDetailList)
}

func (shop *Shop) batchDetails(
	ctx context.Context, batchID, outBatchNo string, lines []transferbatch.TransferDetailCompact) error {
	if err := must(len(lines) == 2, lines); err != nil {
		return err
	}
	details := transferbatch.TransferDetailApiService{Client: shop.client}
	paid, _, err := details.GetTransferDetailByNo(ctx, transferbatch.GetTransferDetailByNoRequest{
		BatchId: core.String(batchID), DetailId: lines[0].DetailId})
	if err != nil {
		return err
	}
	if err := must(*paid.DetailStatus == "SUCCESS" && *paid.UserName == "张三", paid); err != nil {
		return err
	}
	failed, _, err := details.GetTransferDetailByOutNo(ctx, transferbatch.GetTransferDetailByOutNoRequest{
		OutBatchNo: core.String(outBatchNo), OutDetailNo: core.String("D2")})
	if err != nil {
		return err
	}
	return must(*failed.FailReason == transferbatch.FAILREASONTYPE_OPENID_INVALID, failed)
}
