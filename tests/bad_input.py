"""Hostile text in six classes, for every field of every form: no form may answer 500 to any of it.

Whoever takes it refuses it with a sentence or keeps it exactly; see promises I1 and I2.
"""

from typing import Final

NUMBERS: Final = (
    "", " ", "0", "-0", "-1", "+1", "00", "007", "1.", ".1", "1..1", "1,1,1", "1,23", "1,234,56", "0,123", "12,34",
    "0.001", "0.0000001", "1.005", "1e5", "1E+308", "1e-400", "9e999999999", "NaN", "nan", "-NaN", "sNaN", "sNaN123",
    "Infinity", "-Infinity", "inf", "∞", "1_000", "_1", "0x10", "0b1", "1/2", "½", "²", "Ⅷ", "一百", "१२३", "١٢٣",
    "۱۲۳", "１２３", "1٢3", "１2", "1٫5", "١٫٥", "١٬٢٣٤", "٫", "٬", "1\u00a0234", "1\u202f234", "1 234", "1'234", "$1",
    "Rs 5", "5%", "150%", "1-2", "--1", "\u22121", "(5)", "1;2", "9" * 15, "9" * 16, "9" * 30, "9" * 400,
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1" + "0" * 1000, "0." + "0" * 1000 + "1",
    "1,234.5,6", "True", "None", "null", "-", ".", ",",
)  # fmt: skip

TEXT: Final = (
    "\x00", "a\x00b", "\x01\x02", "\x7f", "\x80\x9f", "\x1b[31mred", "\ud800", "a\udfffb", "\ufffe", "\uffff",
    "\ufeff", "\u200b", "a\u200bb", "\u200d", "\u202eabc", "\u2066x\u2069", "\u200f", "\u061c", "\u00ad", "\u2028",
    "\u2029", "a\nb", "a\r\nb", "\t", "a\tb", "  padded  ", "\u3164", "\u2800", "e\u0301", "\u1e9b\u0323", "\ufdfa",
    "ﬁ", "ß", "İ", "ı", "Ǆ", "Zalgo" + "\u0301" * 200, "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f1f5\U0001f1f0", "\U000e0041", "\U0010ffff", "\ue000", "مرحبا", "שלום", "ไทย", "한국어",
    "a" * 201, "a" * 10_000, "é" * 70_000,
)  # fmt: skip

DATES: Final = (
    "2026-02-30", "2026-13-01", "2026-00-10", "2025-02-29", "0000-01-01", "0001-01-01", "1999-12-31", "9999-12-31",
    "10000-01-01", "-2026-01-01", "2026-1-1", "20261120", "2026-W47-5", "2026-324", "20/11/2026", "11/20/2026",
    "2026-11-20T00:00:00Z", "2026-11-20 14:03", "٢٠٢٦-١١-٢٠", "２０２６-11-20", "today", "2026\u201111\u201120",
)  # fmt: skip

IDS: Final = (
    "1", "-1", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "{019a0000-0000-7000-8000-000000000000}", "urn:uuid:019a0000-0000-7000-8000-000000000000",
    "019a0000000070008000000000000000", "019a0000-0000-7000-8000-00000000000", "019a0000-0000-7000-8000-0000000000000",
    "019a0000-0000-7000-8000-00000000000g", "０19a0000-0000-7000-8000-000000000000",
    "019a0000-0000-7000-8000-000000000000\n", "019a0000-0000-7000-8000-000000000000\x00",
    "0-19a00000000-7000-8000-000000000000", "../1", "%00", "5012345678901", "12345678901２", "]E0", "1' --",
)  # fmt: skip

INJECTION: Final = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "javascript:alert(1)",
    "'; DROP TABLE sales; --", "' OR '1'='1", "1); SELECT pg_sleep(10); --", "$$; SELECT 1; $$", "\\'; --", "%27",
    "{{ 7*7 }}", "{% raw %}", "${7*7}", "#{7*7}", "%s%s%s%n", "{0.__class__}", "=1+1", "+1+1", "-1+1", "@SUM(1)",
    "=cmd|' /C calc'!A0", "\t=1+1", "../../etc/passwd", "..\\..\\win.ini", "/dev/zero", "file:///etc/passwd",
    "http://169.254.169.254/", "//evil.example", "/\t/evil.example", "\r\nSet-Cookie: sid=1", "\r\n\r\n<html>",
    "<!--#exec cmd=\"id\"-->", "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>", "]]>", "--><b>", "&#0;",
    "hx-get=\"/sales/\"", "<div hx-trigger=load hx-post=/sales/>", "` id`", "$(id)", "| id", "app.tenant_id",
    "set_config('app.tenant_id','1',false)", "__proto__", "constructor",
)  # fmt: skip

STRUCTURE: Final = (
    "[]", "{}", "[1,2]", '{"a":1}', "a=1&b=2", "a[]=1", "on", "off", "true", "false", "undefined", "NULL", "y" * 70_000,
    "(" * 5_000, "a," * 5_000, "\n" * 5_000, " " * 100_000, "%" * 5_000, "\\" * 5_000,
)  # fmt: skip

CLASSES: Final = {
    "numbers": NUMBERS,
    "text": TEXT,
    "dates": DATES,
    "ids": IDS,
    "injection": INJECTION,
    "structure": STRUCTURE,
}

ALL: Final = tuple(dict.fromkeys(text for texts in CLASSES.values() for text in texts))

# What a browser or a client can send in a form body: a lone surrogate has no UTF-8.
SENDABLE: Final = tuple(text for text in ALL if not any("\ud800" <= sign <= "\udfff" for sign in text))
