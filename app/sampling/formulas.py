"""What is computed, in words and symbols, as it stands beside the numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.kpis.schemas import KpiDefinition
from app.problems import Text
from app.sampling.strata import Method


@dataclass(frozen=True)
class Formula:
    """A name and a formula in both languages; `version` changes with the formula."""

    name: Text
    text: Text
    version: int = 1

    def of(self, language: str) -> KpiDefinition:
        """In the reader's language."""
        return KpiDefinition(
            version=self.version, name=self.name.of(language), formula=self.text.of(language)
        )


SIZE = Formula(
    Text("Sample size of a share", "比例估计的样本量"),
    Text(
        "n0 = z² p(1−p) / e²; m = deff × n0; of a population of N: n = m / (1 + (m−1)/N). "
        "Invitations: n / response rate, rounded up. "
        "Margin of n answers: z √(deff × p(1−p)/n × (N−n)/(N−1))",
        "n0 = z² p(1−p) / e²；m = deff × n0；总体为 N 时 n = m / (1 + (m−1)/N)。"
        "邀请数：n ÷ 预期答复率，向上取整。n 份答复的误差：z √(deff × p(1−p)/n × (N−n)/(N−1))",
    ),
)
_SHARED = Text(
    "; n_h between min(minimum, N_h) and N_h, what is cut off goes to the other strata; rounded by "
    "largest remainders, so that all add up to n. Mean: Σ W_h ȳ_h with W_h = N_h / N; variance: "
    "Σ W_h² (1 − n_h/N_h) s_h² / n_h",
    "；n_h 介于 min(最小值, N_h) 与 N_h 之间，超出部分重新分配给其他层；"
    "按最大余数取整，合计恰为 n。均值：Σ W_h ȳ_h，W_h = N_h / N；"
    "方差：Σ W_h² (1 − n_h/N_h) s_h² / n_h",
)


def _allocation(name: Text, text: Text) -> Formula:
    return Formula(name, Text(text.en + _SHARED.en, text.zh + _SHARED.zh))


ALLOCATION: Mapping[Method, Formula] = {
    "proportional": _allocation(
        Text("Proportional allocation", "按比例分配"), Text("n_h = n N_h / N", "n_h = n N_h / N")
    ),
    "neyman": _allocation(
        Text("Neyman allocation", "奈曼分配"),
        Text("n_h = n N_h S_h / Σ N_h S_h", "n_h = n N_h S_h / Σ N_h S_h"),
    ),
    "optimal": _allocation(
        Text("Allocation optimal by cost", "按成本最优分配"),
        Text(
            "n_h = n (N_h S_h / √c_h) / Σ (N_h S_h / √c_h)",
            "n_h = n (N_h S_h / √c_h) / Σ (N_h S_h / √c_h)",
        ),
    ),
}
RAKING = Formula(
    Text("Raking to margins", "边际加权（迭代比例拟合）"),
    Text(
        "each margin in turn: w × target share / weighted share, until no category is off by more "
        "than a millionth of its target (at most 100 rounds); weights outside the bounds are cut "
        "and raked again. deff = n Σ w² / (Σ w)²; n_eff = (Σ w)² / Σ w²",
        "依次对每个边际：w × 目标占比 ÷ 加权占比，直到各类别的相对误差不超过百万分之一"
        "（最多 100 轮）；"
        "超出界限的权重截断后重新拟合。deff = n Σ w² / (Σ w)²；n_eff = (Σ w)² / Σ w²",
    ),
)
QUALITY = Formula(
    Text("Response quality", "答复质量"),
    Text(
        "share of a sign = responses that show it / those that could; n = responses that are not "
        "dismissed, trials, invalid or duplicates; interval: Wilson. Missing: questions left open "
        "/ questions shown. Figures: all = with flagged responses, clean = without",
        "标记占比 = 出现该标记的答复 ÷ 可能出现的答复；n 为不含忽略、测试、无效和重复的答复；"
        "区间：Wilson 法。缺失率：跳过的题次 ÷ 出示的题次。指标：all 含存疑答复，clean 不含",
    ),
)
SIGNS: Mapping[str, Formula] = {
    "speeder": Formula(
        Text("Speeder", "作答过快"),
        Text("less than a second for each answer", "平均每题不足 1 秒"),
    ),
    "longstring": Formula(
        Text("Long string", "直线作答"),
        Text("one value in all of six or more rows of a matrix", "六行以上的矩阵题全部选同一值"),
    ),
    "low_variation": Formula(
        Text("Low variation", "差异过小"),
        Text(
            "no long string, and over six or more rows of a matrix: standard deviation / (highest "
            "− lowest point of the scale) ≤ 1/√96 ≈ 0.102, as where one of six rows is a point "
            "off on five points",
            "非直线作答，且矩阵题六行以上得分的标准差 ÷（量表最高分 − 最低分）≤ 1/√96 ≈ 0.102，"
            "相当于五级量表六行中仅一行相差一级",
        ),
    ),
    "attention_check": Formula(
        Text("Attention check", "注意力检测"),
        Text(
            "a question that says which choice to make was answered with another one",
            "题目已说明应选哪一项，却选择了其他选项",
        ),
    ),
    "clock_drift": Formula(
        Text("Clock drift", "时钟偏差"),
        Text("the device's clock was wrong; the time was corrected", "设备时钟有误，时间已校正"),
    ),
    "implausible_time": Formula(
        Text("Implausible time", "时间不合理"),
        Text("long before the survey or in the future", "远早于问卷创建时间，或在未来"),
    ),
    "fast": Formula(
        Text("Fast beside the others", "明显快于他人"),
        Text(
            "complete in less than the given part of the median of its version",
            "完整作答用时低于同一版本中位数的给定比例",
        ),
    ),
    "repeated": Formula(
        Text("Repeated", "重复作答"),
        Text(
            "a further response of a customer who answered in the period already",
            "同一客户在该时间段内的再次答复",
        ),
    ),
}
