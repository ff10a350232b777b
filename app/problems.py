"""The registry of everything that can go wrong, in the words that a person reads.

`PROBLEMS` are whole answers (RFC 9457); `FIELD_CODES` are the reasons given for one field.
A code is stable for ever: clients branch on it. Adding one is one line here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """One text in the two languages of the product."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """The text in `language` ("zh..." is Chinese, everything else English)."""
        return self.zh if language.lower().startswith("zh") else self.en


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its HTTP status and its title."""

    status: int
    title: Text


def _kind(status: int, en: str, zh: str) -> Kind:
    return Kind(status, Text(en, zh))


PROBLEMS: dict[str, Kind] = {
    # 400: wrong from the bytes alone
    "malformed-json": _kind(400, "The body is not valid JSON", "请求体不是有效的 JSON"),
    "invalid-encoding": _kind(400, "The body is not valid UTF-8", "请求体不是有效的 UTF-8"),
    "duplicate-key": _kind(
        400, "An object in the body repeats a key", "请求体中的对象含有重复的键"
    ),
    "too-deep": _kind(400, "The body is nested too deeply", "请求体嵌套过深"),
    "too-many-keys": _kind(400, "The body has too many keys", "请求体包含过多的键"),
    "invalid-request-line": _kind(400, "The request cannot be read", "无法读取该请求"),
    "invalid-idempotency-key": _kind(
        400, "The Idempotency-Key header is not usable", "Idempotency-Key 请求头无效"
    ),
    "invalid-cursor": _kind(400, "The cursor is not one that this list gave", "游标无效"),
    "client-disconnected": _kind(400, "The client went away", "客户端已断开连接"),
    # 401, 403: who you are, what you may
    "unauthenticated": _kind(401, "A valid API key is required", "需要有效的 API 密钥"),
    "missing-scope": _kind(403, "The key lacks the scope for this", "该密钥缺少所需的权限范围"),
    "wrong-key-type": _kind(403, "This needs a secret key", "此操作需要私有密钥"),
    "secret-key-in-browser": _kind(
        403, "A secret key must never be sent by a browser", "私有密钥不得由浏览器发送"
    ),
    "origin-not-allowed": _kind(
        403, "This website is not allowed to use the key", "该网站无权使用此密钥"
    ),
    "survey-not-allowed": _kind(403, "The key is not for this survey", "该密钥不适用于此问卷"),
    # 404 to 415: the resource and the form of the request
    "not-found": _kind(404, "There is no such thing here", "未找到该资源"),
    "method-not-allowed": _kind(405, "The method is not allowed here", "不允许使用该方法"),
    "request-timeout": _kind(408, "The request took too long to arrive", "请求接收超时"),
    "conflict": _kind(409, "The request conflicts with the present state", "请求与当前状态冲突"),
    "survey-closed": _kind(409, "The survey is closed", "问卷已关闭"),
    "survey-not-published": _kind(409, "The survey is not published", "问卷尚未发布"),
    "survey-published": _kind(
        409, "The draft equals the published version", "草稿与已发布版本相同"
    ),
    "survey-version-retired": _kind(
        409, "This version of the survey takes no more responses", "该问卷版本已不再接受答复"
    ),
    "survey-in-use": _kind(409, "The survey has responses", "该问卷已有答复"),
    "survey-not-ready": _kind(409, "The draft cannot be published as it is", "草稿目前无法发布"),
    "submission-conflict": _kind(
        409,
        "This submission id was used for other content",
        "该提交编号已用于其他内容",
    ),
    "response-complete": _kind(409, "The response is already complete", "该答复已完成"),
    "illegal-transition": _kind(
        409, "The case is not in a state that allows this", "案件当前状态不允许此操作"
    ),
    "idempotency-in-progress": _kind(
        409, "The same request is still in progress", "相同的请求仍在处理中"
    ),
    "already-exists": _kind(409, "It exists already", "该对象已存在"),
    "currency-mismatch": _kind(
        409, "The currency differs from the one in use", "币种与已使用的币种不一致"
    ),
    "refund-exceeds-order": _kind(
        409, "The refunds would exceed the order", "退款总额将超过订单金额"
    ),
    "overlapping-period": _kind(
        409, "The period overlaps one that is stated already", "时间段与已有数据重叠"
    ),
    "report-not-ready": _kind(409, "The report is not ready", "报告尚未生成"),
    "no-model-run": _kind(
        409, "There is no sound model run that says this", "没有可用的模型运行结果"
    ),
    "submission-erased": _kind(410, "The submission was erased", "该提交已被删除"),
    "precondition-failed": _kind(
        412, "It has changed since you read it", "自您读取后内容已发生变化"
    ),
    "precondition-required": _kind(428, "An If-Match header is required", "需要 If-Match 请求头"),
    "content-too-large": _kind(413, "The body is too large", "请求体过大"),
    "uri-too-long": _kind(414, "The address is too long", "请求地址过长"),
    "unsupported-media-type": _kind(
        415, "The body must be of another media type", "不支持该请求体媒体类型"
    ),
    "unsupported-encoding": _kind(415, "Compressed bodies are not accepted", "不接受压缩的请求体"),
    # 422: understood, does not fit
    "invalid-request": _kind(422, "The request does not fit", "请求内容不符合要求"),
    "invalid-answers": _kind(422, "The answers do not fit the survey", "答案不符合问卷要求"),
    "implausible-time": _kind(422, "The time is not plausible", "时间不合理"),
    "idempotency-key-reused": _kind(
        422,
        "This Idempotency-Key was used for another request",
        "该 Idempotency-Key 已用于其他请求",
    ),
    "mixed-currencies": _kind(
        422, "Amounts of different currencies are not added up", "不同币种的金额不能相加"
    ),
    "invalid-period": _kind(422, "The period is not usable", "时间段无效"),
    "analysis-too-large": _kind(
        422, "There is too much to analyse at once", "数据过多，无法一次完成分析"
    ),
    "empty-category": _kind(
        422, "A category with a target has no respondents", "有目标占比的类别中没有答复者"
    ),
    "unknown-dimension": _kind(422, "There is no such dimension", "不存在该维度"),
    # 429, 431 and 5xx
    "rate-limited": _kind(429, "Too many requests", "请求过于频繁"),
    "headers-too-large": _kind(431, "The headers are too large", "请求头过大"),
    "internal-error": _kind(500, "Something went wrong on our side", "服务器内部错误"),
    "pdf-unavailable": _kind(
        501, "This installation cannot print PDF documents", "此安装无法生成 PDF 文档"
    ),
    "overloaded": _kind(503, "The service is busy; try again shortly", "服务繁忙，请稍后重试"),
    "database-unavailable": _kind(
        503, "The database is not available; try again", "数据库暂不可用，请重试"
    ),
    "outcome-unknown": _kind(
        503,
        "The outcome is unknown; repeat the same request",
        "结果未知，请重复发送相同的请求",
    ),
    "storage-full": _kind(503, "The storage is full", "存储空间已满"),
    "not-ready": _kind(503, "The service is not ready", "服务尚未就绪"),
    "report-too-slow": _kind(
        504,
        "This took too long to compute; ask for a shorter period or fewer filters",
        "计算超时，请缩短时间段或减少筛选条件",
    ),
}


def _text(en: str, zh: str) -> Text:
    return Text(en, zh)


FIELD_CODES: dict[str, Text] = {
    "missing-field": _text("This field is required.", "此字段为必填项。"),
    "unknown-field": _text("There is no such field.", "不存在该字段。"),
    "unknown-parameter": _text("There is no such query parameter.", "不存在该查询参数。"),
    "wrong-type": _text("The value is of the wrong type.", "值的类型不正确。"),
    "invalid-value": _text("The value does not fit.", "该值不符合要求。"),
    "unknown-value": _text("The value is not one of those allowed.", "该值不在允许的取值范围内。"),
    "number-out-of-range": _text("The number is out of range.", "数值超出允许范围。"),
    "invalid-text": _text(
        "The text holds a character that cannot be stored.", "文本包含无法存储的字符。"
    ),
    "too-long": _text("The value is too long.", "内容过长。"),
    "too-short": _text("The value is too short.", "内容过短。"),
    "too-many-items": _text("There are too many items.", "项目过多。"),
    "too-few-items": _text("There are too few items.", "项目过少。"),
    "duplicate-item": _text("An item is repeated.", "存在重复的项目。"),
    "invalid-format": _text("The value is not of the required form.", "格式不正确。"),
    "timezone-required": _text(
        "The time needs an offset from UTC, for example +08:00.",
        "时间必须带有时区偏移，例如 +08:00。",
    ),
    "invalid-timestamp": _text("This is not a valid time.", "时间无效。"),
    "invalid-date": _text("This is not a valid date (YYYY-MM-DD).", "日期无效（YYYY-MM-DD）。"),
    "unknown-time-zone": _text("There is no such time zone.", "不存在该时区。"),
    "implausible-time": _text("The time is not plausible.", "时间不合理。"),
    "invalid-amount": _text("This is not a valid amount.", "金额无效。"),
    "unknown-currency": _text("There is no such currency.", "不存在该币种。"),
    "invalid-pattern": _text(
        "The pattern is not usable (RE2 syntax, at most 256 characters).",
        "正则表达式无效（RE2 语法，最多 256 个字符）。",
    ),
    "answer-out-of-range": _text("The answer is outside the scale.", "答案超出量表范围。"),
    "unknown-question": _text("The survey has no such question.", "问卷中没有该问题。"),
    "personal-question": _text(
        "The question asks for personal data; no figure is made of it.",
        "该问题涉及个人数据，不用于统计分析。",
    ),
    "unknown-choice": _text("The question has no such choice.", "该问题没有此选项。"),
    "wrong-sum": _text(
        "The points do not add up to the total that was asked for.",
        "各项分值之和与要求的总分不符。",
    ),
    "missing-answer": _text("This question must be answered.", "该问题为必答题。"),
    "unexpected-answer": _text("This question was not asked.", "该问题未被提问。"),
    "exclusive-choice": _text(
        "This choice cannot be combined with others.", "该选项不能与其他选项同时选择。"
    ),
    "changed-type": _text(
        "A question keeps its type under its key; ask under a new key.",
        "问题的类型不可在同一键下更改，请使用新的键。",
    ),
    "changed-scale": _text(
        "A question keeps its scale under its key; ask under a new key.",
        "问题的量表不可在同一键下更改，请使用新的键。",
    ),
    "unknown-reference": _text("It refers to something unknown.", "引用的对象不存在。"),
    "missing-translation": _text(
        "The text is missing in a language of the survey.", "缺少问卷所需语言的文本。"
    ),
    "not-identified": _text(
        "An anonymous contact cannot name a customer.", "匿名来访不能关联客户。"
    ),
    "empty-category": _text(
        "Nobody is in this category; join it with another one.",
        "该类别中没有答复者，请与其他类别合并。",
    ),
    "conflict": _text("It conflicts with what is stored.", "与已存储的内容冲突。"),
}
