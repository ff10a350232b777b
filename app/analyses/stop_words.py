"""Words that hold sentences together and say nothing alone, in Chinese and English."""

_EN = """
a about above after again all also am an and any are as at be because been before being below
between both but by can could did do does doing down during each else ever every few for from
further get gets got had has have having he her here hers herself him himself his how however i if
in into is it its itself just let like lot many may maybe me might more most much must my myself now
of off on once one only or other our ours ourselves out over own per quite rather really same shall
she should since so some still such than that the their theirs them themselves then there these they
thing things this those though through thus to too under until up upon us use used using very via
was we were what when where whether which while who whom why will with within would yet you your
yours yourself i'm i've i'd i'll it's that's there's you're we're they're he's she's let's
"""
_ZH = """
的 了 和 是 在 我 有 就 也 都 而 及 与 或 一个 上 下 中 里 着 你 您 他 她 它 我们 你们 您们 他们
她们 它们 这 那 这个 那个 这些 那些 这里 那里 这样 那样 这么 那么 什么 怎么 怎样 如何 为什么 哪
哪里 哪个 谁 吗 呢 吧 啊 呀 哦 嗯 嘛 哈 啦 被 把 给 让 对 对于 关于 从 到 由 为 为了 以 以及 于
向 往 跟 同 比 等 等等 但 但是 可是 不过 然而 而且 并 并且 因为 所以 因此 如果 要是 虽然 尽管
即使 只要 只有 无论 还 还是 或者 又 再 才 只 只是 就是 也是 都是 可以 可 能 能够 会 要 想 应该
应当 需要 得 地 之 其 其中 其他 另外 已 已经 曾 曾经 正在 将 将要 过 很 太 非常 十分 特别 比较
挺 更 更加 最 真 真的 确实 有点 有些 一些 一点 一下 一直 一样 一般 一次 这次 那次 每 每次 每个
各 各种 某 个 次 些 种 件 位 名 天 年 月 日 时 时候 时间 现在 今天 昨天 明天 之前 之后 以前 以后
后来 当 当时 刚 刚刚 然后 最后 自己 大家 人 人们 东西 事 事情 方面 情况 问题 感觉 觉得 认为 说
看 来 去 做 用 使 使用 请 希望 谢谢 多 少 大 小 点 下来 上来 起来 出来 进来 过来 出去 进去
"""
_NOT = """
not no never without cannot can't don't doesn't didn't isn't aren't wasn't weren't won't wouldn't
couldn't shouldn't hasn't haven't hadn't 不 没 没有 无 未 别 不是 不能 不会 不要
"""
#: May not stand alone, and turn what follows into its contrary.
NEGATIONS = frozenset(_NOT.split())
STOP_WORDS = frozenset(_EN.split()) | frozenset(_ZH.split())
