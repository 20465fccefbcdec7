"""Places: cities, counties and provinces of China, countries and cities of the world, rivers, mountains, addresses."""

import random

from tfcli.data.synthetic.entities import of_kind, read_list
from tfcli.data.synthetic.grammar import Slots, Value
from tfcli.data.synthetic.magnitudes import benford
from tfcli.data.synthetic.names import given_name, listed, surname

_ROADS = (("路", "Road", 10), ("街", "Street", 5), ("大街", "Street", 4), ("大道", "Avenue", 4))
_ROAD_NAMES = (
    *(("中山", "Zhongshan"), ("人民", "Renmin"), ("解放", "Jiefang"), ("建设", "Jianshe"), ("和平", "Heping")),
    *(("新华", "Xinhua"), ("文化", "Wenhua"), ("学院", "Xueyuan"), ("胜利", "Shengli"), ("光明", "Guangming")),
    *(("朝阳", "Chaoyang"), ("幸福", "Xingfu"), ("长江", "Changjiang"), ("黄河", "Huanghe"), ("友谊", "Youyi")),
)
_DIRECTIONS = (("东", "East"), ("西", "West"), ("南", "South"), ("北", "North"), ("中", "Middle"))
_FACILITIES = (("站", "Railway Station"), ("火车站", "Railway Station"), ("机场", "Airport"), ("大学", "University"))
_SCALES = (("镇", "Town"), ("村", "Village"), ("县", "County"), ("乡", "Township"), ("区", "District"))


def in_china(rng: random.Random) -> Value:
    """四川绵阳, 四川省绵阳市: Mianyang, Sichuan. The form `city` is the city alone."""
    city, city_en, province = rng.choice(read_list("cities"))
    (province_en,) = {en for zh, en in of_kind("province") if zh == province}
    both = rng.choice((f"{province}{city}", f"{province}{city}", f"{province}{city}市"))
    if province not in ("内蒙古", "广西", "西藏", "宁夏", "新疆", "台湾") and rng.random() < 0.4:
        both = f"{province}省{city}{rng.choice(('', '市'))}"
    return Value(both, f"{city_en}, {province_en}", {"city": (city, city_en), "province": (province, province_en)})


def small_place(rng: random.Random) -> Value:
    """A town or village that no list has, its name in pinyin: 王家村 is Wangjia Village, 清河镇 Qinghe Town."""
    suffix, meaning = rng.choice(_SCALES)
    if suffix == "村" and rng.random() < 0.6:
        (zh, en), middle = surname(rng), rng.choice((("家", "jia"), ("庄", "zhuang")))
        return Value(f"{zh}{middle[0]}{suffix}", f"{en}{middle[1]} {meaning}")
    zh, en = given_name(rng)
    while len(zh) == 1:
        zh, en = given_name(rng)
    return Value(zh + suffix, f"{en} {meaning}")


def road(rng: random.Random) -> Value:
    """中山路, 北京东路: Zhongshan Road, East Beijing Road."""
    zh, en = rng.choice(_ROAD_NAMES) if rng.random() < 0.5 else rng.choice(read_list("cities"))[:2]
    suffix, meaning, _ = rng.choices(_ROADS, [road[2] for road in _ROADS])[0]
    if suffix != "大道" and rng.random() < 0.3:
        direction_zh, direction = rng.choice(_DIRECTIONS)
        zh, en = zh + direction_zh, f"{direction} {en}"
    return Value(zh + suffix, f"{en} {meaning}")


def address(rng: random.Random) -> Value:
    """上海市浦东新区张江路88号: 88 Zhangjiang Road, Pudong New Area, Shanghai."""
    street, number = road(rng), benford(rng, 1, 999)
    city, city_en, _ = rng.choice(read_list("cities"))
    zh, en = f"{street.zh}{number}号", f"{number} {street.en}"
    if rng.random() < 0.5:
        district, district_en = rng.choice([name for name in of_kind("district") if name[0].endswith("区")])
        zh, en = f"{district}{zh}", f"{en}, {district_en}"
    if rng.random() < 0.7:
        zh, en = f"{city}{rng.choice(('市', ''))}{zh}", f"{en}, {city_en}"
    return Value(zh, en)


def facility(rng: random.Random) -> Value:
    """兰州机场: Lanzhou Airport."""
    city, city_en, _ = rng.choice(read_list("cities"))
    zh, en = rng.choice(_FACILITIES)
    return Value(city + zh, f"{city_en} {en}")


_CHINESE = listed("city", "county", "province", "district")
_FOREIGN = listed("city", "country", "state", "region")


def place(rng: random.Random) -> Value:
    """Anywhere that a person can be, or come from."""
    return rng.choices((_CHINESE, _FOREIGN), (5, 4))[0](rng)


def peak(rng: random.Random) -> Value:
    """A single mountain: 泰山, Mount Tai."""
    zh, en = rng.choice([name for name in of_kind("mountain") if name[1].startswith("Mount ")])
    return Value(zh, en)


SLOTS: Slots = {
    "city": listed("city"),
    "place": place,
    "home": in_china,
    "village": small_place,
    "province": listed("province"),
    "country": listed("country"),
    "region": listed("region", "state"),
    "river": listed("river", "sea"),
    "mountain": listed("mountain"),
    "peak": peak,
    "lake": listed("lake"),
    "island": listed("island"),
    "landmark": listed("landmark"),
    "road": road,
    "address": address,
    "facility": facility,
}
