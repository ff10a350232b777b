"""Made-up names of people and organisations. They belong to nobody in particular."""

import random

_FAMILY = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余"
    "叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段"
    "雷黎史龙陶贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_GIVEN = (
    "思远", "雨桐", "子涵", "浩然", "欣怡", "梓轩", "诗涵", "俊杰", "佳怡", "宇轩", "雅静", "明哲",
    "晓燕", "志强", "丽华", "建国", "秀英", "海涛", "文博", "若曦", "嘉豪", "静怡", "天佑", "梦琪",
    "永辉", "雪梅", "少峰", "婉清", "立新", "春华", "伟", "芳", "敏", "磊", "洋", "艳", "勇", "杰",
    "娟", "涛", "超", "霞", "平", "刚", "玲", "宁", "蕾", "峰", "倩", "博", "睿", "琳", "晨", "岚",
)  # fmt: skip
_FIRST = (
    "Alice", "Ben", "Carla", "Daniel", "Emma", "Felix", "Grace", "Hugo", "Isla", "Jonas", "Karen",
    "Liam", "Maya", "Noah", "Olivia", "Peter", "Quinn", "Rosa", "Samuel", "Tara", "Uma", "Victor",
    "Wendy", "Xavier", "Yara", "Zoe", "Anton", "Beatrice", "Colin", "Diana", "Elias", "Fiona",
    "George", "Hannah", "Ivan", "Julia", "Kurt", "Laura", "Marco", "Nina", "Oscar", "Paula",
)  # fmt: skip
_LAST = (
    "Adler", "Bennett", "Clarke", "Dawson", "Ellison", "Foster", "Greene", "Hughes", "Iverson",
    "Jensen", "Keller", "Lambert", "Meyer", "Novak", "Osborne", "Parker", "Quigley", "Rossi",
    "Schmidt", "Turner", "Ulrich", "Vargas", "Walsh", "Young", "Zimmer", "Andersson", "Becker",
    "Castillo", "Dubois", "Eriksen", "Fischer", "Garcia", "Hansen", "Ito", "Jones", "Khan",
    "Lindqvist", "Moreau", "Nguyen", "Okafor", "Petrov", "Ramirez", "Silva", "Tanaka",
)  # fmt: skip
_STEM = (
    "澄岚", "栖禾", "沐川", "云杉", "青屿", "朗星", "槿禾", "泊远", "霁风", "枫渡", "竹里", "望舒",
    "松间", "石涧", "南栀", "北屿", "禾木", "听泉", "长汀", "半夏", "拾光", "川上", "白露", "惊蛰",
)  # fmt: skip
_TRADE = ("贸易", "科技", "餐饮", "物流", "建材", "印务", "医疗器械", "教育咨询", "机电", "服饰")
_STEM_EN = (
    "Alderbrook", "Bluefern", "Copperleaf", "Driftstone", "Emberfield", "Foxglove", "Greywater",
    "Hollowoak", "Ironpine", "Junipergate", "Kestrelway", "Larkmead", "Mossgrove", "Northquay",
)  # fmt: skip
_TRADE_EN = ("Trading", "Logistics", "Catering", "Textiles", "Print", "Instruments", "Supplies")
_OFFICE = ("第一小学", "社区服务中心", "图书馆", "市政服务处", "人民医院", "体育馆", "文化馆")
_OFFICE_EN = ("Public Library", "Town Hall", "Primary School", "Community Clinic")


def name_of(stream: random.Random, segment: str, language: str) -> str:
    """A name that fits the segment, in the language of the customer."""
    chinese = language == "zh-CN"
    if segment == "consumer":
        if chinese:
            return stream.choice(_FAMILY) + stream.choice(_GIVEN)
        return f"{stream.choice(_FIRST)} {stream.choice(_LAST)}"
    if segment == "public":
        if chinese:
            return stream.choice(_STEM) + stream.choice(_OFFICE)
        return f"{stream.choice(_STEM_EN)} {stream.choice(_OFFICE_EN)}"
    if chinese:
        ending = "集团有限公司" if segment == "enterprise" else "有限公司"
        return stream.choice(_STEM) + stream.choice(_TRADE) + ending
    ending = "Group" if segment == "enterprise" else "Ltd"
    return f"{stream.choice(_STEM_EN)} {stream.choice(_TRADE_EN)} {ending}"
