//! Any text made safe for JSON and for XML.

use std::io::{self, Write};

/// Bytes that stand for themselves in both formats: all that names of tests are made of, as a rule.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7f {
        plain[byte] = !matches!(byte as u8, b'"' | b'\\' | b'&' | b'<' | b'>');
        byte += 1;
    }
    plain
};

/// Whether nothing in `text` needs escaping. Every test's name passes here, so the bytes are counted by hand: in a debug
/// build an iterator costs many times as much.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut place = 0;
    while place < bytes.len() && PLAIN[bytes[place] as usize] {
        place += 1;
    }
    place == bytes.len()
}

/// Writes `text` as the inside of a JSON string.
pub(super) fn json(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let bytes = text.as_bytes();
    if is_plain(text) {
        return out.write_all(bytes);
    }
    let mut written = 0;
    for (place, &byte) in bytes.iter().enumerate() {
        if byte < 0x20 || byte == b'"' || byte == b'\\' || byte == 0x7f {
            out.write_all(&bytes[written..place])?;
            json_byte(out, byte)?;
            written = place + 1;
        }
    }
    out.write_all(&bytes[written..])
}

fn json_byte(out: &mut dyn Write, byte: u8) -> io::Result<()> {
    match byte {
        b'"' => out.write_all(b"\\\""),
        b'\\' => out.write_all(b"\\\\"),
        b'\n' => out.write_all(b"\\n"),
        b'\r' => out.write_all(b"\\r"),
        b'\t' => out.write_all(b"\\t"),
        0x08 => out.write_all(b"\\b"),
        0x0c => out.write_all(b"\\f"),
        control => write!(out, "\\u{control:04x}"),
    }
}

/// Writes `text` as the inside of an XML attribute. libtest escapes nothing here, and crashes on a line break.
pub(super) fn xml_attribute(out: &mut dyn Write, text: &str) -> io::Result<()> {
    if is_plain(text) {
        return out.write_all(text.as_bytes());
    }
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push_str("&#xA;"),
            '\r' => safe.push_str("&#xD;"),
            '\t' => safe.push_str("&#x9;"),
            other => safe.push(xml_character(other)),
        }
    }
    out.write_all(safe.as_bytes())
}

/// `text` as CDATA on one line: line breaks are set between the sections, and what would end one is split over two.
pub(super) fn xml_cdata(text: &str) -> String {
    let legal: String = text.chars().map(xml_character).collect();
    let inside = legal
        .replace("]]>", "]]]]><![CDATA[>")
        .replace("<?", "<]]><![CDATA[?")
        .replace('\n', "]]>&#xA;<![CDATA[")
        .replace("<![CDATA[]]>", "");
    format!("<![CDATA[{inside}]]>")
}

/// The character, or U+FFFD for one that no XML document may contain. libtest writes those too, and no reader takes it.
fn xml_character(character: char) -> char {
    match character {
        '\t' | '\n' | '\r' => character,
        '\0'..' ' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Escape = fn(&mut dyn Write, &str) -> io::Result<()>;

    fn escaped(escape: Escape, text: &str) -> String {
        let mut out = Vec::new();
        escape(&mut out, text).expect("a vector takes all");
        String::from_utf8(out).expect("what went in was text")
    }

    #[test]
    fn json_text_can_be_read_back() {
        let all: String = (0..=0x7f).map(char::from).chain("é\u{2028}😀".chars()).collect();
        let quoted = format!("\"{}\"", escaped(json, &all));
        assert_eq!(serde_json::from_str::<String>(&quoted).expect("valid JSON"), all);
    }

    #[test]
    fn json_escapes_are_those_of_libtest() {
        assert_eq!(
            escaped(json, "a \"b\" \\ \t\n\r\u{8}\u{c}\u{b}\u{7f} é"),
            r#"a \"b\" \\ \t\n\r\b\f\u000b\u007f é"#
        );
    }

    #[test]
    fn attributes_stay_in_their_quotes() {
        assert_eq!(
            escaped(xml_attribute, "a \"b\" <c> &\n\u{1b}"),
            "a &quot;b&quot; &lt;c&gt; &amp;&#xA;\u{fffd}"
        );
    }

    /// As the libtest of Rust 1.95 printed it (see `goldens/make.sh`), but for the escape character.
    #[test]
    fn cdata_is_that_of_libtest() {
        let printed = "out d\n\nboom \"q\" <x> ]]> <? \u{1b}[0m\n";
        let expected = "<![CDATA[out d]]>&#xA;&#xA;<![CDATA[boom \"q\" <x> ]]]]><![CDATA[> <]]><![CDATA[? \u{fffd}[0m\
                        ]]>&#xA;<![CDATA[]]>";
        assert_eq!(xml_cdata(printed), expected);
    }
}
