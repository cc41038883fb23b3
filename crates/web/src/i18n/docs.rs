//! The words of the API documentation page; the descriptions themselves come from the OpenAPI document.

texts! {
    /// Labels around the contents of the OpenAPI document.
    pub(crate) Text {
        Title: "API 文档", "API reference";
        Filter: "筛选接口", "Filter operations";
        FilterHint: "路径、名称或说明", "Path, name or words";
        NothingFound: "没有匹配的接口，换个词试试。", "No operation matches; try another word.";
        Parameters: "参数", "Parameters";
        RequestBody: "请求体", "Request body";
        Responses: "响应", "Responses";
        ErrorCodes: "错误码", "Error codes";
        Name: "名称", "Name";
        Place: "位置", "In";
        Type: "类型", "Type";
        Description: "说明", "Description";
        Required: "必填", "required";
        Deprecated: "已弃用", "deprecated";
        Default: "默认", "default";
        OneOf: "可选值", "one of";
        Pattern: "格式", "pattern";
        Length: "长度", "length";
        Count: "个数", "count";
        Example: "示例", "Example";
        TryIt: "试一试", "Try it";
        Other: "其他", "Other";
        Sandbox: "沙箱", "Sandbox";
        ForMerchants: "商户 API", "For merchants";
        ForPayers: "付款人 API", "For payers";
        NoOperations: "文档里还没有接口。", "The document has no operations yet.";
        Repeats: "同上结构", "repeats the structure above";
    }
}
