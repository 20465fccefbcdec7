"""Documents as people have them: one of each kind, with what readers stumble over."""

MARKDOWN = """---
title: 标题
---

# 第一 **章** #

我**喜欢**你，[看*这里*](x "t")。运行`rm -rf *`吧 &amp; a\\*b ![图](a.png)
第二行接着
第三行  
硬换行之后\\
又一行 <b>粗</b><br/>尾 <https://x.y/字>

> 引文
> 续 [^1]。
>
> > 更深的引文

- 一
  二
    - 三 **粗**
      1. 四
1. 项

| 甲 | 乙\\|丙 | `a\\|b` |
|---|:-:|--|
| 你 | **好**吗 | 第三格 |

```python
print("代码")
```

    缩进的代码

**全部粗体**

<div class="字">
<p>你好<b>世界</b></p>
</div>

[b]: http://x "标"

标
===

公式 $a_1*b_2*c$ 和 [b] 链接，~~删除~~的字。

[^1]: 脚注文字
"""

HTML = """<!DOCTYPE html>
<html lang="zh"><head><title>标题 &amp; 一</title><meta name="description" content="描述 &quot;一&quot;">
<script>var a = "<b>不</b>";</script><style>b::before{content:"字"}</style></head>
<body title='页'><!-- 注释 <b> --><p>我<b>喜欢</b>你，<a href="x?a=1&amp;b">看<i>这里</i></a>。<br>第二行&nbsp;字
<code>rm</code> 行</p>
<a href=a><b>全文</b></a><img alt="图" src=x><pre>  代码</pre><ul><li>一<ul><li>二</ul></ul>
<table><tr><td>甲<td>乙</table><textarea>文</textarea>
<svg><text>图</text></svg>
<p translate="no">不译</p><p>前<span class="notranslate">名</span>后</b> x<y 1</p>
中文
换行 &#20013;&#x6587;<wbr>字</body>
"""

SRT = """1
00:00:01,000 --> 00:00:03,500 X1:10 X2:20 Y1:1 Y2:2
<i>你好</i>，<font color="#fff">世界</font>。

7
00:00:04,000 --> 00:00:06,000
- 你是谁？
- <i>我是你爸。</i>

8
00:00:06,100 --> 00:00:08,000
{\\an8}<i>如果你明天有时间的话，
我们可以</i>

9
00:00:08,100 --> 00:00:09,000
<b>一起</b>去公园散步。

10
00:00:10,100 --> 00:00:19,000
"""

VTT = """WEBVTT - 标题

STYLE
::cue { color: red }

NOTE 注释
两行

intro
00:01.000 --> 00:03.000 align:start position:10%
<v Bob>你好 &amp; <c.yellow>世界</c>，
再见。

00:03.000 --> 00:04.000
<00:03.500>卡拉<00:03.700>不是

NOTE 注
"""

ASS = """[Script Info]
; 注释
Title: 标题

[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\an8}你好，{\\i1}世界{\\i0}\\N再见, 朋友
Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,注释
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\p1}m 0 0 l 1 1{\\p0}
Dialogue: 0,0:00:02.00,0:00:03.00,Default,小明,0,0,0,,{\\k20}卡{\\k30}拉。
"""

PO = r"""# 开头
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

#. 注释
#: a.py:1
#, python-format, fuzzy
#| msgid "旧"
msgid "你有 %d 个<b>文件</b>在 %(dir)s\n"
msgstr "old\n"

msgctxt "菜单"
msgid "打开"
msgstr "Open"

msgid "一个"
msgid_plural "%d 个"
msgstr[0] ""
msgstr[1] ""

msgid ""
"多行"
"\n第二行 \"x\"\t\n"
msgstr ""

#~ msgid "废"
#~ msgstr ""
"""

CSV = """id,文字,note
1,"你好, ""世界""
第二行",x
2,再见,
3,"",y
4,a"b字,"z"
"""

TSV = 'id\t文字\n1\t你好\t\n2\t"引号\n'

PARAGRAPHS = """标题

　　这是一个很长的段落，它在某个地方被换行符打断了，因为当时的编辑器
只有八十列宽，所以我们应该把这些行重新连接起来再进行翻译，对不对？是
的。

- 第一项
- 第二项很短
短行
\t另一行 \x0b 奇怪的\u2028行
"""

SAMPLES = {
    "md": MARKDOWN,
    "html": HTML,
    "srt": SRT,
    "vtt": VTT,
    "ass": ASS,
    "po": PO,
    "csv": CSV,
    "tsv": TSV,
    "paragraphs": PARAGRAPHS,
    "text": PARAGRAPHS,
}
