"""Word documents for tests, as Word writes them and as it does not."""

import io
import zipfile

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'


def run(text: str, look: str = "") -> str:
    return f'<w:r w:rsidR="00A1">{f"<w:rPr>{look}</w:rPr>" if look else ""}<w:t xml:space="preserve">{text}</w:t></w:r>'


BLUE = '<w:color w:val="0000FF"/>'
HINT = '<w:rFonts w:hint="eastAsia"/><w:b/>'
LANGUAGE = '<w:lang w:eastAsia="zh-CN"/>'
DELETED = '<w:del w:id="1" w:author="a"><w:r><w:delText>删</w:delText></w:r></w:del>'
FIELD = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'

BODY = f"""
<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr>{run("标")}<w:proofErr w:type="spellStart"/>{run("题", LANGUAGE)}</w:p>
<w:p>{run("我")}{run("喜", "<w:b/>")}{run("欢", HINT)}{run("你，")}<w:bookmarkStart w:id="0" w:name="x"/>
<w:hyperlink r:id="rId4">{run("看", BLUE)}{run("这里", BLUE + "<w:i/>")}</w:hyperlink>
<w:bookmarkEnd w:id="0"/>{run("。")}<w:r><w:footnoteReference w:id="2"/></w:r>{DELETED}
<w:ins w:id="3" w:author="a">{run("插入的字")}</w:ins></w:p>
<w:p><w:r><w:t>左</w:t><w:tab/><w:t>右</w:t><w:br/><w:t>下一行</w:t></w:r></w:p>
<w:p>{run("第")}{FIELD.format("begin")}<w:r><w:instrText> PAGE </w:instrText></w:r>{FIELD.format("separate")}
{run("三")}{FIELD.format("end")}{run("页")}</w:p>
<w:p><w:r><w:drawing><w:txbxContent><w:p>{run("框中的字")}</w:p></w:txbxContent></w:drawing></w:r>{run("框外的字")}</w:p>
<w:tbl><w:tr><w:tc><w:p>{run("格子")}</w:p></w:tc></w:tr></w:tbl>
<w:sdt><w:sdtPr/><w:sdtContent><w:p>{run("控件")}</w:p></w:sdtContent></w:sdt>
<w:p>{run("12 34")}</w:p><w:sectPr/>
"""
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def document(body: str, before: str = "") -> bytes:
    return f"{DECLARATION}{before}<w:document {W} {R}><w:body>{body}</w:body></w:document>".encode()


def note(kind: str, text: str) -> bytes:
    return f"<w:{kind} {W}><w:p>{run(text)}</w:p></w:{kind}>".encode()


def archive(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(zipfile.ZipInfo(name, (2024, 1, 2, 3, 4, 6)), data)
    return written.getvalue()


FILES = {
    "[Content_Types].xml": b"<Types/>",
    "word/document.xml": document(BODY),
    "word/footnotes.xml": note("footnotes", "脚注"),
    "word/header1.xml": note("hdr", "页眉"),
    "word/media/image1.png": bytes(range(256)),
    "docProps/core.xml": "<a>标题</a>".encode(),
}
