"""Reports as one HTML page that needs nothing else: no scripts, nothing loaded, all escaped (RPT-05)."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from csdomain.kernel.rules import Language

_STYLE: Final = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#f4f6f8;color:#1c2733;font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:880px;margin:0 auto;padding:36px 40px 48px;background:#fff}
h1{margin:0;font-size:26px;line-height:1.25}
h2{margin:40px 0 8px;padding-top:14px;border-top:1px solid #dfe4ea;font-size:18px}
h3{margin:22px 0 6px;font-size:15px}
p{margin:6px 0}
.soft{color:#5b6875}
.cards{display:grid;grid-template-columns:repeat(4,1fr);gap:12px;margin:22px 0 0}
.card{padding:12px 14px;border:1px solid #dfe4ea;border-radius:8px}
.card b{display:block;font-size:20px;line-height:1.3;overflow-wrap:anywhere}
.card span{color:#5b6875;font-size:13px}
svg{display:block;width:100%;height:auto;margin:10px 0 14px;font-family:inherit}
.wide{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:12.5px;margin:6px 0 4px}
th,td{padding:5px 7px;border-bottom:1px solid #e3e7ec;text-align:right;vertical-align:top}
td{white-space:nowrap}
.l2 td:nth-child(-n+2),.l3 td:nth-child(-n+3){white-space:normal}
th{font-weight:600;color:#5b6875;vertical-align:bottom}
.l1 :is(th,td):nth-child(-n+1),.l2 :is(th,td):nth-child(-n+2),.l3 :is(th,td):nth-child(-n+3){text-align:left}
details{margin:6px 0;border:1px solid #dfe4ea;border-radius:8px;padding:6px 12px}
summary{cursor:pointer;overflow-wrap:anywhere}
pre{margin:6px 0 4px;white-space:pre-wrap;overflow-wrap:anywhere;font:12.5px/1.5 ui-monospace,Menlo,Consolas,
"Noto Sans Mono CJK SC",monospace}
ol.faults{font-size:13px;padding-left:0;list-style:none;overflow-wrap:anywhere}
@media (max-width:640px){main{padding:20px 16px}.cards{grid-template-columns:repeat(2,1fr)}}
@media print{body{background:#fff;font-size:11pt}main{max-width:none;padding:0}h2{break-after:avoid}
svg,table,.card,details{break-inside:avoid}p.soft,h3{break-after:avoid}.wide{overflow:visible}
table{font-size:8pt}th,td{padding:3px 4px}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""


def page(title: str, parts: Iterable[str], language: Language = "en") -> str:
    """The whole page; ``parts`` are HTML already."""
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-Hans" if language == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>\n"
    )


def cards(shown: Iterable[tuple[str, str]]) -> str:
    """Figures side by side, each with what it is."""
    each = "".join(f'<div class="card"><b>{escape(b)}</b><span>{escape(s)}</span></div>' for b, s in shown)
    return f'<div class="cards">{each}</div>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A table, its first ``left`` columns (1 to 3) aligned to the left, the rest to the right."""
    heads = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="wide"><table class="l{left}"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    )
