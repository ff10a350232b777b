"""Every word of a report in both languages; what the figures say in codes, said in words."""

from app.problems import Text

WORDS: dict[str, Text] = {
    "at_a_glance": Text("At a glance", "概览"),
    "kpi": Text("KPI", "指标"),
    "value": Text("Value", "数值"),
    "interval": Text("Interval", "区间"),
    "answers": Text("n", "n"),
    "target": Text("Target", "目标"),
    "period": Text("Period", "时间段"),
    "group": Text("Group", "分组"),
    "answer": Text("Answer", "选项"),
    "share": Text("Share", "占比"),
    "trend": Text("Over time", "趋势"),
    "distribution": Text("Answers", "作答分布"),
    "by": Text("By {dimension}", "按{dimension}"),
    "all": Text("All: {value}", "总体：{value}"),
    "previous": Text("against {period}", "较{period}"),
    "no_value": Text("no value", "无数值"),
    "withheld": Text("withheld", "已隐去"),
    "not_made": Text(
        "it could not be computed in the time that a report has", "未能在规定时间内算出"
    ),
    "none_of_it": Text("(none)", "（无）"),
    "formula": Text("Formula", "公式"),
    "counted": Text("Counted", "计数"),
    "out_of": Text("Out of", "基数"),
    "left_out": Text("Left out", "未计入"),
    "method": Text("Interval", "区间"),
    "scope": Text("Scope", "范围"),
    "everything": Text("everything in the workspace", "工作区内全部数据"),
    "only_surveys": Text("{count} named surveys", "指定的 {count} 份问卷"),
    "only_question": Text("question {question}", "题目 {question}"),
    "clean_only": Text("without flagged responses", "不含被标记的答复"),
    "estimated": Text("estimated, model run {run}", "估计值，模型运行 {run}"),
    "definition_version": Text("definition {version}", "定义版本 {version}"),
    "level": Text("{level} % interval, {method}", "{level}% 区间，{method}"),
    "no_interval": Text("a count of everything: no interval", "全量计数，无区间"),
    "partial": Text("not over yet", "尚未结束"),
    "more_groups": Text(
        "{count} smaller groups are not drawn; the data of this report holds them.",
        "另有 {count} 个较小的分组未绘制，报告数据中包含。",
    ),
    "sure_differences": Text(
        "Differences beyond chance (adjusted for all pairs): {pairs}.",
        "超出随机波动的差异（已按所有组对校正）：{pairs}。",
    ),
    "no_sure_difference": Text(
        "No difference between these groups is beyond chance.",
        "这些分组之间没有超出随机波动的差异。",
    ),
    "above": Text("{first} above {second}", "{first} 高于 {second}"),
    "below": Text("{first} below {second}", "{first} 低于 {second}"),
    "and_more": Text("and {count} more", "等另外 {count} 对"),
    "goals": Text("Goals", "目标达成"),
    "weighs": Text("weight {share}", "权重 {share}"),
    "scorecard": Text("Scorecard", "计分卡"),
    "goal": Text("Goal", "目标"),
    "attainment": Text("Attainment", "达成度"),
    "verdict": Text("Verdict", "判断"),
    "made_at": Text("Made {time}", "生成于 {time}"),
    "how_to_read": Text("How to read this report", "阅读说明"),
    "reading_interval": Text(
        "An interval says how far the figure may lie from what all customers would have said. "
        "Where it is wide, few answered.",
        "区间表示该数值与全体客户真实情况之间可能的差距；区间越宽，作答越少。",
    ),
    "reading_change": Text(
        "A change is called better or worse only where a test rules chance out; without enough "
        "answers the report says so instead of guessing.",
        "只有检验排除随机波动后，才称为改善或恶化；作答不足时会直接说明，不作猜测。",
    ),
    "reading_scale": Text(
        "Figures are rounded for reading; the data of this report holds every digit.",
        "数值为便于阅读已取整；报告数据保留全部位数。",
    ),
    "reading_withheld": Text(
        "Grey means withheld: so few people stand behind a figure that it could point at one. "
        "A cross means that there was nothing to count.",
        "灰色表示已隐去：人数过少，可能指向个人。叉号表示没有可计数的数据。",
    ),
    "sentence": Text(
        "{name} is {value}{interval} (n\u00a0=\u00a0{n}).",
        "{name}为 {value}{interval}（n\u00a0=\u00a0{n}）。",
    ),
    "sentence_interval": Text(", between {low} and {high}", "，区间 {low} 至 {high}"),
    "sentence_change": Text("{change} {previous}: {verdict}.", "{previous}{change}：{verdict}。"),
    "sentence_none": Text("{name} has no value: {reason}.", "{name}无数值：{reason}。"),
    "sentence_target": Text("The target of {target} is {verdict}.", "目标 {target}：{verdict}。"),
}  # fmt: skip

CHANGES: dict[str, Text] = {
    "improved": Text("better", "改善"),
    "worsened": Text("worse", "恶化"),
    "no_evidence_of_change": Text("within chance", "无显著变化"),
    "too_few": Text("too few answers to tell", "样本不足，无法判断"),
}
TARGETS: dict[str, Text] = {
    "met": Text("met", "已达成"),
    "missed": Text("missed", "未达成"),
    "inconclusive": Text("not yet certain", "尚无定论"),
    "no_data": Text("without data", "无数据"),
}
REASONS: dict[str, Text] = {
    "empty_denominator": Text("nothing to divide by in this period", "本期分母为空"),
    "no_data": Text("no data in this period", "本期无数据"),
    "mixed_currencies": Text("amounts of several currencies", "含多个币种，不作相加"),
    "no_spend": Text("no spend was stated for this period", "本期未登记支出"),
    "no_market_total": Text("no market total was stated for this period", "本期未登记市场总量"),
    "margin_not_given": Text("no margin was given", "未给出毛利率"),
    "not_reached": Text("not reached yet", "尚未达到"),
    "no_model_run": Text("no sound model run", "没有可用的模型运行"),
    "suppressed": Text(
        "withheld, because it would tell of too few people", "人数过少，已隐去以保护个人"
    ),
    "empty_stratum": Text(
        "nobody of a group that the weighting scheme asks for answered",
        "加权方案所要求的某个群体没有作答",
    ),
    "weights_not_converged": Text(
        "no weights bring the answers to the weighting scheme's margins",
        "没有权重能使作答符合加权方案的边际",
    ),
    "not_defined": Text("not defined for what was selected", "对所选范围没有定义"),
}
WARNINGS: dict[str, Text] = {
    "few_answers": Text(
        "Fewer than 30 answers: read the interval before the value.",
        "有效作答少于 30：请先看区间，再看数值。",
    ),
    "no_spread": Text(
        "All answers agree, so that the interval has no width.", "所有作答一致，区间宽度为零。"
    ),
    "mixed_scales": Text(
        "Questions with different scales were added up; their mean is left out.",
        "不同量表的题目被合并，未给出均值。",
    ),
    "interval_left_out": Text(
        "An interval is left out: how the answers of one customer go together is not known for it.",
        "未给出区间：无法得知同一客户的作答之间的相关程度。",
    ),
    "prorated": Text(
        "What was stated for other dates was taken by its share of the days.",
        "跨期登记的数据按天数折算。",
    ),
    "incomplete_cohort": Text(
        "Not every customer has had the whole time yet.", "部分客户的观察期尚未结束。"
    ),
    "complaints_to_come": Text(
        "Some orders are too young: more complaints about them will come.",
        "部分订单时间尚短，相关投诉还会陆续出现。",
    ),
    "orders_without_quantity": Text(
        "Some orders do not say how much was bought.", "部分订单没有数量。"
    ),
    "channel_unknown": Text(
        "Some customers do not say where they came from.", "部分客户的来源渠道未知。"
    ),
    "no_awareness_item": Text(
        "No question asks who knows the brand: everybody who answered is counted.",
        "没有询问品牌认知的题目：按全部作答者计算。",
    ),
    "days_without_statement": Text("Some days have no statement.", "部分日期没有登记数据。"),
    "too_few_points": Text(
        "Too few complete periods to say which way it goes.", "完整的时间段过少，无法判断走向。"
    ),
    "theil_sen_limited": Text(
        "The slope was taken over the newest points only.", "斜率仅按最近的时间点计算。"
    ),
    "partly_observed": Text(
        "The observations leave out some dates of the period.", "观测值未覆盖整个时间段。"
    ),
    "one_survey_needed": Text(
        "Estimated weights need one survey: name it.", "估计权重需要指定一份问卷。"
    ),
    "no_sound_weights": Text(
        "The data gives no sound weights.",
        "数据无法得出可靠的权重。",
    ),
    "too_few_for_weights": Text(
        "Too few answers to estimate weights.",
        "作答过少，无法估计权重。",
    ),
    "too_many_items": Text("Too many items to estimate weights.", "题目过多，无法估计权重。"),
    "median_not_reached": Text(
        "Fewer than half have reached it yet.", "达到者尚未过半，中位数未知。"
    ),
    "unreliable_model": Text(
        "The model behind it fits badly: do not rely on it alone.",
        "所依据的模型拟合不佳，请勿单独采信。",
    ),
    "no_interval": Text("No interval can be given.", "无法给出区间。"),
    "pairs_limited": Text(
        "Only pairs of the 20 largest groups were tested.", "仅检验了最大的 20 个分组。"
    ),
    "suppressed": Text(
        "Groups are withheld where they would tell of too few people, and others with them where "
        "they would give those away.",
        "人数过少的分组已隐去；会间接泄露这些分组的其他分组也一并隐去。",
    ),
    "groups_limited": Text("Only the 500 largest groups are kept.", "仅保留最大的 500 个分组。"),
}
METHODS: dict[str, Text] = {
    "adjusted_wald": Text("adjusted Wald", "调整 Wald 法"),
    "wilson": Text("Wilson", "Wilson 法"),
    "t": Text("Student's t", "t 区间"),
    "garwood": Text("Garwood (exact Poisson)", "Garwood 精确泊松区间"),
    "parameter_draws": Text("drawn parameters of the model", "模型参数抽样"),
    "brookmeyer_crowley": Text("Brookmeyer and Crowley", "Brookmeyer–Crowley 法"),
    "delta_log": Text("delta method on the logarithm", "对数 delta 法"),
    "delta": Text("delta method", "delta 法"),
    "none": Text("none", "无"),
}
EXCLUSIONS: dict[str, Text] = {
    "not_in_scheme": Text("not in the weighting scheme", "不属于加权方案"),
    "dismissed": Text("dismissed", "忽略"),
    "skipped": Text("skipped", "跳过"),
    "not_applicable": Text("not applicable", "不适用"),
    "incomplete": Text("incomplete", "未答全"),
    "test": Text("trials", "测试"),
    "invalid": Text("invalid", "无效"),
    "duplicate": Text("duplicates", "重复"),
    "flagged_quality": Text("flagged", "质量存疑"),
    "repeated_leads": Text("repeated leads", "重复线索"),
    "leads_of_existing_customers": Text("leads of customers", "已有客户的线索"),
    "days_without_statement": Text("days without a statement", "未登记的天数"),
    "complaints_to_come": Text(
        "Some orders are too young: more complaints about them will come.",
        "部分订单时间尚短，相关投诉还会陆续出现。",
    ),
    "orders_without_quantity": Text("orders without a quantity", "无数量的订单"),
    "orders_without_asked_for_brand": Text(
        "orders that do not say whether the brand was asked for", "未说明是否指名购买的订单"
    ),
    "fully_refunded_orders": Text("fully refunded orders", "全额退款订单"),
}
DIMENSIONS: dict[str, Text] = {
    "channel": Text("channel", "渠道"),
    "method": Text("method", "方式"),
    "segment": Text("segment", "客户群"),
    "version": Text("version", "版本"),
    "language": Text("language", "语言"),
    "category": Text("category", "类别"),
    "severity": Text("severity", "严重程度"),
    "kind": Text("kind", "类型"),
    "campaign": Text("campaign", "活动"),
    "key_account_type": Text("type of key account", "大客户类型"),
}
MEMBERS: dict[str, Text] = {
    "web": Text("Web", "网页"),
    "mobile": Text("Mobile app", "移动端"),
    "email": Text("E-mail", "电子邮件"),
    "phone": Text("Phone", "电话"),
    "sms": Text("SMS", "短信"),
    "kiosk": Text("Kiosk", "自助终端"),
    "social": Text("Social media", "社交媒体"),
    "in_person": Text("In person", "现场"),
    "postal": Text("Post", "邮寄"),
    "other": Text("Other", "其他"),
    "questionnaire": Text("Questionnaire", "问卷"),
    "call_back": Text("Call back", "回访"),
    "interview": Text("Interview", "访谈"),
    "observation": Text("Observation", "观察"),
    "mystery_shopper": Text("Mystery shopper", "神秘顾客"),
    "import": Text("Import", "导入"),
}
CLOSED = frozenset({"channel", "method"})
"""Dimensions whose members have names of ours."""
CODES: dict[str, Text] = {
    "(none)": Text("(none)", "（无）"),
    "complete": Text("Complete", "完整"),
    "partial": Text("Partial", "部分"),
    "dismissed": Text("Dismissed", "忽略"),
    "yes": Text("Yes", "是"),
    "no": Text("No", "否"),
    "true": Text("Yes", "是"),
    "false": Text("No", "否"),
}


def word(key: str, language: str, **values: object) -> str:
    """A text of the report; `values` fill its places."""
    return WORDS[key].of(language).format(**values)


def said(table: dict[str, Text], code: str, language: str) -> str:
    """A code in words; a code without words is written as a person would read it."""
    found = table.get(code)
    return found.of(language) if found else code.replace("_", " ")
